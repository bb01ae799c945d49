/*
 * banned.h -- functions that this program must not call.
 *
 * Each has a better name here: buf for strcpy, strcat and sprintf; str_long and str_real for
 * atoi and its kin; tick.c for the time functions that share a buffer; rng.c for rand; argv
 * without a shell for system.  The headers that declare them are included first.
 */
#ifndef BANNED_H
#define BANNED_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define BANNED(name) sorry_##name##_is_banned

#undef strcpy
#undef strcat
#undef strncpy
#undef strncat
#undef sprintf
#undef vsprintf
#define strcpy(a, b)     BANNED(strcpy)
#define strcat(a, b)     BANNED(strcat)
#define strncpy(a, b, c) BANNED(strncpy)
#define strncat(a, b, c) BANNED(strncat)
#define sprintf(...)     BANNED(sprintf)
#define vsprintf(...)    BANNED(vsprintf)
#define strtok(a, b)     BANNED(strtok)
#define sscanf(...)      BANNED(sscanf)
#define atoi(a)          BANNED(atoi)
#define atol(a)          BANNED(atol)
#define atof(a)          BANNED(atof)
#define gmtime(a)        BANNED(gmtime)
#define localtime(a)     BANNED(localtime)
#define mktemp(a)        BANNED(mktemp)
#define system(a)        BANNED(system)
#define popen(a, b)      BANNED(popen)
#define rand()           BANNED(rand)
#define srand(a)         BANNED(srand)

#endif

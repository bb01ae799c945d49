/*
 * replay.c -- runs files through a fuzz target, without a fuzzer.
 *
 * Every operand is a file, or a folder whose files are taken.  Says nothing when all is well;
 * a fault ends the program as the target ends it.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
fail(const char *what, const char *path)
{
	fprintf(stderr, "replay: %s '%s'\n", what, path);
	exit(4);
}

static void
replay_file(const char *path)
{
	FILE *f = fopen(path, "rb");
	uint8_t *data;
	long size;

	if (f == NULL || fseek(f, 0, SEEK_END) != 0 || (size = ftell(f)) < 0)
		fail("cannot open", path);
	rewind(f);
	/* Exactly as large as the file, so that a sanitizer sees the first byte read behind it. */
	if ((data = malloc(size > 0 ? (size_t)size : 1)) == NULL)
		fail("no memory for", path);
	if (fread(data, 1, (size_t)size, f) != (size_t)size)
		fail("cannot read", path);
	fclose(f);
	LLVMFuzzerTestOneInput(data, (size_t)size);
	free(data);
}

static void
replay(const char *path)
{
	DIR *d = opendir(path);
	struct dirent *e;
	char name[4096];

	if (d == NULL) {
		replay_file(path);
		return;
	}
	while ((e = readdir(d)) != NULL) {
		if (e->d_name[0] == '.')
			continue;
		if (snprintf(name, sizeof name, "%s/%s", path, e->d_name) >= (int)sizeof name)
			fail("too long a path below", path);
		replay(name);
	}
	closedir(d);
}

int
main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		replay(argv[i]);
	return 0;
}

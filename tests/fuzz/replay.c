/*
 * replay.c -- main() for a fuzz target: runs the files named, and those in the folders named.
 *
 * With it the corpora are part of every check, with any compiler.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
fail(const char *path)
{
	perror(path);
	exit(1);
}

static void
replay_file(const char *path, size_t size)
{
	FILE *f = fopen(path, "rb");
	uint8_t *data = malloc(size ? size : 1);        /* exact, so that ASan sees one byte past it */

	if (f == NULL || data == NULL || fread(data, 1, size, f) != size)
		fail(path);
	fclose(f);
	LLVMFuzzerTestOneInput(data, size);
	free(data);
}

static void
replay(const char *path)
{
	struct dirent **list;
	struct stat st;
	int n;

	if (stat(path, &st) != 0)
		fail(path);
	if (!S_ISDIR(st.st_mode)) {
		replay_file(path, (size_t)st.st_size);
		return;
	}
	if ((n = scandir(path, &list, NULL, alphasort)) < 0)
		fail(path);
	for (int i = 0; i < n; i++) {
		char below[4096];

		snprintf(below, sizeof below, "%s/%s", path, list[i]->d_name);
		if (list[i]->d_name[0] != '.')
			replay(below);
		free(list[i]);
	}
	free(list);
}

int
main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		replay(argv[i]);
	return 0;
}

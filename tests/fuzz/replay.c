/*
 * replay.c -- main() of a fuzz target for a plain compiler.
 *
 * Runs every file named on the command line, and every file in the folders named, through the
 * target.  Prints nothing; a crash is the only way to fail.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
replay(const char *path)
{
	struct stat st;
	uint8_t *data;
	size_t n;
	FILE *f;

	if (stat(path, &st) != 0 || (f = fopen(path, "rb")) == NULL) {
		perror(path);
		exit(2);
	}
	/* Exactly as large as the file, so that a sanitizer sees a read past the end. */
	data = malloc(st.st_size > 0 ? (size_t)st.st_size : 1);
	if (data == NULL)
		abort();
	n = fread(data, 1, (size_t)st.st_size, f);
	fclose(f);
	LLVMFuzzerTestOneInput(data, n);
	free(data);
}

int
main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		struct dirent *entry;
		DIR *dir = opendir(argv[i]);

		if (dir == NULL) {
			replay(argv[i]);
			continue;
		}
		while ((entry = readdir(dir)) != NULL) {
			char path[4096];

			if (entry->d_name[0] == '.')
				continue;
			snprintf(path, sizeof path, "%s/%s", argv[i], entry->d_name);
			replay(path);
		}
		closedir(dir);
	}
	return 0;
}

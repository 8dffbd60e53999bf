/* Runs a fuzz target over every file of a corpus, without a fuzzer: so each run of the tests sees
 * everything that was ever found. Each input is also cut at every length, because a parser that
 * reads past the end is the fault to expect. An empty corpus is a failure, not a success. */
#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define INPUT_MAX (1 << 20) /* bytes of one file */
#define CUTS_MAX 2048       /* lengths of one input; longer ones are cut in equal steps */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* In a block of exactly this size, so that the sanitizer sees the first byte behind it. */
static void run_once(const uint8_t *data, size_t size)
{
	uint8_t *copy = malloc(size ? size : 1);

	if (!copy)
		abort();
	memcpy(copy, data, size);
	LLVMFuzzerTestOneInput(copy, size);
	free(copy);
}

static size_t run_with_cuts(const uint8_t *data, size_t size)
{
	size_t step = size / CUTS_MAX + 1;
	size_t runs = 1;

	for (size_t length = 0; length < size; length += step, runs++)
		run_once(data, length);
	run_once(data, size);
	return runs;
}

/* Returns the number of runs; 0 when it cannot be read. */
static size_t run_file(const char *folder, const char *name)
{
	static uint8_t data[INPUT_MAX];
	char path[4096];
	size_t size;
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	file = fopen(path, "rb");
	if (!file) {
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
		return 0;
	}
	size = fread(data, 1, sizeof(data), file);
	fclose(file);
	fprintf(stderr, "%s\n", path); /* the last line before a crash names the input */
	return run_with_cuts(data, size);
}

int main(int argc, char **argv)
{
	size_t files = 0, failed = 0, runs = 0;
	struct dirent **names;
	int count;

	if (argc != 2) {
		fprintf(stderr, "usage: %s CORPUS-FOLDER\n", argv[0]);
		return 2;
	}
	count = scandir(argv[1], &names, NULL, alphasort);
	for (int i = 0; i < count; i++) {
		if (names[i]->d_name[0] != '.') {
			size_t own = run_file(argv[1], names[i]->d_name);

			files++;
			failed += own == 0;
			runs += own;
		}
		free(names[i]);
	}
	if (count >= 0)
		free(names);
	printf("%zu inputs, %zu runs, %zu failed\n", files, runs, failed);
	return files == 0 || failed > 0;
}

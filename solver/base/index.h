/* A hash table of pointers, for what there are a hundred thousand of: it takes some 20 bytes an object and copies no key. The objects
 * hold their keys, and the caller says how one is compared; a key may change only while its object is not in the index.
 *
 * Linear probing, at most seven eighths full; the hashes stand beside the pointers, so that growing and walking past others touches no
 * object. */
#ifndef SOLVER_BASE_INDEX_H
#define SOLVER_BASE_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* All zero: empty. */
struct index {
	uint32_t *hashes;
	void **objects; /* NULL: a free place */
	size_t count, room; /* `room` is a power of two */
};

/* The object with this hash of which `is` says that it has the key, or NULL. */
void *index_find(const struct index *x, uint64_t hash, bool (*is)(const void *object, const void *key), const void *key);
/* More than one with the same key may stand in it. */
void index_add(struct index *x, uint64_t hash, void *object);
/* It stands there, with this hash. */
void index_remove(struct index *x, uint64_t hash, const void *object);
void index_done(struct index *x);

#endif

/* From method and path to a route. Pure. */
#ifndef SOLVER_API_ROUTER_H
#define SOLVER_API_ROUTER_H

#define ROUTE_ARGUMENT_MAX 64

/* A row of a table that ends with a row without method. "{}" in the pattern stands for one non-empty segment
 * of at most ROUTE_ARGUMENT_MAX - 1 characters; one per pattern. */
struct route_pattern {
	const char *method;
	const char *path;
};

enum route_match { ROUTE_FOUND, ROUTE_NO_PATH, ROUTE_NO_METHOD };

/* The index of the first row that fits; its "{}" goes to ret_argument ("" when there is none). `stride` is the
 * size of a row: tables put a struct route_pattern first in rows of their own. */
enum route_match router_find(const void *table, unsigned long stride, const char *method, const char *path,
                             int *ret_index, char ret_argument[ROUTE_ARGUMENT_MAX]);
/* "GET, DELETE": the methods of a path, for the Allow header. */
void router_allow(const void *table, unsigned long stride, const char *path, char *ret_text, unsigned long room);

#endif

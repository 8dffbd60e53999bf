/* Parameters and columns of a statement. */
#include <stdlib.h>

#include "solver/base/mem.h"
#include "solver/store/sqlite.h"

void bind_text(sqlite3_stmt *st, int *at, const char *text)
{
	sqlite3_bind_text(st, ++*at, text, -1, SQLITE_STATIC);
}

void bind_number(sqlite3_stmt *st, int *at, int64_t number)
{
	sqlite3_bind_int64(st, ++*at, number);
}

char *read_text(sqlite3_stmt *st, int *at)
{
	return mem_dup((const char *)sqlite3_column_text(st, (*at)++));
}

int64_t read_number(sqlite3_stmt *st, int *at)
{
	return sqlite3_column_int64(st, (*at)++);
}

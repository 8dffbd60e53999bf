/* Reads the SQLite database of an acme-dns server: its accounts, and the values that are still fresh. */
#ifndef SOLVER_STORE_ACME_DNS_IMPORT_H
#define SOLVER_STORE_ACME_DNS_IMPORT_H

#include <stddef.h>
#include <stdint.h>

#include "solver/base/err.h"

#define ACME_DNS_IMPORT_VALUES 16 /* of one account; the original holds two */

/* Text is borrowed for the call. */
struct acme_dns_import {
	const char *username, *password_hash, *subdomain;
	const char *allow_from; /* JSON array, or NULL */
	const char *values[ACME_DNS_IMPORT_VALUES];
	size_t value_count;
};

/* Calls `fn` for each account, by subdomain, with the values written after `since_s` (Unix time). The file is opened for
 * reading only, and acme-dns may be running. ERR_INVALID: it is no database of acme-dns. */
int acme_dns_import(const char *file, int64_t since_s, void (*fn)(const struct acme_dns_import *account, void *arg), void *arg, struct err *err);

#endif

/* The bodies and credentials of acme-dns, as strict and as lenient as the original. Pure. */
#ifndef SOLVER_API_ACME_DNS_BODY_H
#define SOLVER_API_ACME_DNS_BODY_H

#include <stdbool.h>
#include <stddef.h>

#include "solver/base/network.h"

#define UUID_SIZE 37
#define ACME_DNS_PASSWORD_SIZE 41 /* 40 characters of base64url */
#define ACME_DNS_VALUE_LENGTH 43
#define ACME_DNS_SUBDOMAIN_MAX 63

struct register_body {
	char *allow_from; /* JSON array of networks, as stored */
};
/* NULL, or the error word. Nothing at all is a body too. After success free allow_from. */
const char *register_body_read(const char *text, size_t length, struct register_body *ret);

struct update_body {
	char subdomain[ACME_DNS_SUBDOMAIN_MAX + 1]; /* "" when it is none or too long */
	char txt[ACME_DNS_VALUE_LENGTH + 1];        /* "" when it is no value */
};
/* A malformed value is read as empty. No account has an empty one, so it is answered like a wrong password. */
void update_body_read(const char *text, size_t length, struct update_body *ret);

void uuid_new(char ret_uuid[UUID_SIZE]);
/* In lower case; false when it is none. */
bool uuid_read(const char *text, char ret_uuid[UUID_SIZE]);
void acme_dns_password_new(char ret_password[ACME_DNS_PASSWORD_SIZE]);
bool acme_dns_password_is_well_formed(const char *password);
/* One label of a host name. */
bool acme_dns_subdomain_is_valid(const char *subdomain);

#endif

/* The credential of a request, from the header Authorization or the front of the path. Pure; fuzzed. */
#ifndef SOLVER_API_CREDENTIAL_H
#define SOLVER_API_CREDENTIAL_H

#include <stddef.h>

#define CREDENTIAL_USER_SIZE 64
#define CREDENTIAL_TOKEN_SIZE 128

enum credential_kind {
	CREDENTIAL_NONE,
	CREDENTIAL_BROKEN, /* another scheme, too long, not decodable */
	CREDENTIAL_BEARER,
	CREDENTIAL_BASIC,  /* user: the client's name; password: its token */
	CREDENTIAL_PATH,
};

struct credential {
	enum credential_kind kind;
	char user[CREDENTIAL_USER_SIZE];
	char token[CREDENTIAL_TOKEN_SIZE];
};

/* `header` may be NULL. */
void credential_read(const char *header, struct credential *ret);
/* For clients that can only prefix a base URL: how many bytes of the path are "/t/<token>" or "/dcvd_…", with the slashes
 * up to the last one that follows; 0: none. What looks like a token counts, known or not: it must not reach a log. */
size_t credential_in_path(const char *path, struct credential *ret);
void credential_wipe(struct credential *c);

#endif

/* Reads what an HTTP request asks for: the token in its path and the host it means. Pure. */
#ifndef WEBROOT_TARGET_H
#define WEBROOT_TARGET_H

#include <stdbool.h>
#include <stddef.h>

#define TARGET_PATH "/.well-known/acme-challenge/"
#define TARGET_TOKEN_MAX 128
#define TARGET_TOKEN_SIZE (TARGET_TOKEN_MAX + 1)
#define TARGET_HOST_SIZE 256

/* base64url characters only, 1 to 128 of them: no dot, slash or percent sign gets any further. */
bool target_token_valid(const char *token);
/* The token inside the path of a request target (already without its query), or NULL. Borrowed.
 * The absolute form ("http://host/path") is understood: its path is what counts. */
const char *target_token(const char *target);
/* The host the request is for: of the absolute form when there is one, else of the Host header (NULL when
 * absent). Lower case, without port and trailing dot; an IPv6 literal without brackets. false: bad request. */
bool target_host(const char *target, const char *header, char ret_host[TARGET_HOST_SIZE]);

#endif

/* Passwords as bcrypt digests ("$2b$10$…"), made and compared by crypt(3) of libcrypt. Slow on purpose (50 to 100 ms):
 * run them off the loop (net/work.h). Safe from any thread. */
#ifndef SOLVER_CRYPTO_PASSWORD_H
#define SOLVER_CRYPTO_PASSWORD_H

#include <stdbool.h>

#include "solver/base/err.h"

#define PASSWORD_HASH_SIZE 64 /* bcrypt: 60 characters and a zero byte */
#define PASSWORD_COST 10
#define PASSWORD_MAX 72       /* bytes: bcrypt looks at no more */

/* A bcrypt digest of any of its names ($2a$, $2b$, $2y$), with a cost that does not stop a service (4 to 14). */
bool password_hash_is_known(const char *hash);
int password_hash(const char *password, char ret_hash[PASSWORD_HASH_SIZE], struct err *err);
/* False also for a digest that is not known, after the time that a comparison takes: `hash` NULL is the password of
 * nobody, so that an unknown user takes as long as a wrong password. */
bool password_matches(const char *password, const char *hash);

#endif

#include "solver/crypto/password.h"

#include <crypt.h>
#include <stdlib.h>
#include <string.h>

#include "solver/base/id.h"
#include "solver/base/mem.h"
#include "solver/crypto/crypto.h"

#define COST_MIN 4
#define COST_MAX 14 /* a second and a half */

/* A digest that no password has: its last characters are chosen, not computed. */
static const char nobody[] = "$2b$10$abcdefghijklmnopqrstuuabcdefghijklmnopqrstuvwxyzABCDE";

bool password_hash_is_known(const char *hash)
{
	static const char alphabet[] = "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
	int cost;

	if (strlen(hash) != 60 || hash[0] != '$' || hash[1] != '2' || !strchr("aby", hash[2]) || hash[3] != '$' || hash[6] != '$')
		return false;
	if (strspn(hash + 4, "0123456789") != 2 || strspn(hash + 7, alphabet) != 53)
		return false;
	cost = (hash[4] - '0') * 10 + hash[5] - '0';
	return cost >= COST_MIN && cost <= COST_MAX;
}

/* The digest into `out`; false when libcrypt refuses the setting. */
static bool digest(const char *password, const char *setting, char out[PASSWORD_HASH_SIZE])
{
	struct crypt_data *data = mem_new(1, sizeof(*data)); /* 32 KiB: too much for the stack of a worker */
	const char *text = crypt_r(password, setting, data);
	bool good = text && text[0] == '$' && strlen(text) < PASSWORD_HASH_SIZE;

	if (good)
		memcpy(out, text, strlen(text) + 1);
	explicit_bzero(data, sizeof(*data));
	free(data);
	return good;
}

int password_hash(const char *password, char ret_hash[PASSWORD_HASH_SIZE], struct err *err)
{
	char random[16], setting[CRYPT_GENSALT_OUTPUT_SIZE];

	if (strlen(password) > PASSWORD_MAX)
		return err_set(err, ERR_TOO_LARGE, "a password has at most %d bytes", PASSWORD_MAX);
	id_random(random, sizeof(random));
	if (!crypt_gensalt_rn("$2b$", PASSWORD_COST, random, sizeof(random), setting, sizeof(setting)) ||
	    !digest(password, setting, ret_hash))
		return err_set(err, ERR_UNSUPPORTED, "libcrypt of this system has no bcrypt");
	return 0;
}

bool password_matches(const char *password, const char *hash)
{
	bool known = hash && strlen(password) <= PASSWORD_MAX && password_hash_is_known(hash);
	char text[PASSWORD_HASH_SIZE] = "";

	if (!digest(password, known ? hash : nobody, text))
		return false;
	return crypto_equal(text, known ? hash : nobody) && known;
}

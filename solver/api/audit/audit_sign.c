#include "solver/api/audit/audit_sign.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "solver/api/common/state_file.h"
#include "solver/base/log.h"
#include "solver/base/mem.h"
#include "solver/crypto/signing.h"

#define KEY_FILE "audit.key"

static void wipe_freep(char **text)
{
	if (*text)
		explicit_bzero(*text, strlen(*text));
	free(*text);
}

static int make_key(const char *folder, char **ret, struct err *err)
{
	CLEANUP(wipe_freep) char *pem = NULL;

	if (signing_key_new(&pem, err) < 0 || state_file_write(folder, KEY_FILE, pem, err) < 0)
		return err->code;
	log_event(LOG_INFO, "made the key that signs the head of the audit log", "folder", folder, "file", KEY_FILE, NULL);
	*ret = pem;
	pem = NULL;
	return 0;
}

static int load_key(const struct config *config, char **ret, struct err *err)
{
	if (config->audit.key) {
		*ret = mem_dup(secret_reveal(config->audit.key));
		return 0;
	}
	if (state_file_read(config->state_dir, KEY_FILE, ret, err) == 0)
		return 0;
	return err->code == ERR_NOT_FOUND ? make_key(config->state_dir, ret, err) : err->code;
}

static char *statement_of(const struct audit_chain *head)
{
	char at[CLOCK_TEXT_SIZE];

	return mem_printf("{\"statement\":\"head of the audit log of dcvd\",\"number\":%" PRId64 ",\"digest\":\"%s\",\"at\":\"%s\"}", head->number,
	                  head->digest, clock_text(clock_wall_ms(), at));
}

static int add_signature(const struct config *config, const struct audit_chain *head, json_t *all, struct err *err)
{
	CLEANUP(wipe_freep) char *key = NULL;
	CLEANUP(mem_freep) char *public = NULL, *statement = statement_of(head), *base64 = NULL;
	unsigned char signature[SIGNATURE_SIZE];

	if (load_key(config, &key, err) < 0)
		return err->code;
	if (signing_sign(key, statement, strlen(statement), signature, err) < 0 || signing_public(key, &public, err) < 0)
		return err_in(err, "the key that signs the head of the audit log");
	base64 = crypto_base64(signature, sizeof(signature));
	json_object_set_new(all, "statement", json_string(statement));
	json_object_set_new(all, "signature", json_string(base64));
	json_object_set_new(all, "public_key", json_string(public));
	return 0;
}

int audit_head_json(const struct config *config, const struct audit_chain *head, bool sign, json_t **ret, struct err *err)
{
	json_t *all = json_pack("{sI ss}", "number", (json_int_t)head->number, "digest", head->digest);

	if (sign && add_signature(config, head, all, err) < 0) {
		json_decref(all);
		return err->code;
	}
	*ret = all;
	return 0;
}

int audit_key_check(const struct config *config, struct err *err)
{
	CLEANUP(mem_freep) char *public = NULL;

	if (!config->audit.key || signing_public(secret_reveal(config->audit.key), &public, err) == 0)
		return 0;
	return err_in(err, "audit.key: the head of the audit log cannot be signed with it");
}

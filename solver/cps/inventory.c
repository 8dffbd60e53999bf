#include "solver/cps/inventory.h"

#include <inttypes.h>
#include <jansson.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "solver/base/buf.h"
#include "solver/base/mem.h"
#include "solver/cps/json.h"
#include "solver/crypto/crypto.h"

#define PREFIX "cps-enrollment/"

static void item_free(struct cps_item *item)
{
	free(item->key);
	free(item->account);
	free(item->contract);
	free(item->cn);
	free(item->validation_type);
	free(item->ra);
	free(item->change_type);
	free(item->names_hash);
	free(item->phase);
	free(item->waits_for);
	free(item->last_error);
	free(item->alarm);
	free(item->alarm_kind);
	free(item);
}

/* ---- the journal */

/* Members of a row: texts and numbers of the item, under the names that the journal has for them. */
#define TEXT(member) offsetof(struct cps_item, member)
static const struct { const char *name; size_t offset; } texts[] = {
	{ "account", TEXT(account) }, { "contract", TEXT(contract) }, { "cn", TEXT(cn) }, { "type", TEXT(validation_type) }, { "ra", TEXT(ra) },
	{ "change_type", TEXT(change_type) }, { "names_hash", TEXT(names_hash) }, { "phase", TEXT(phase) }, { "waits_for", TEXT(waits_for) },
	{ "last_error", TEXT(last_error) }, { "alarm", TEXT(alarm) }, { "alarm_kind", TEXT(alarm_kind) },
}, numbers[] = {
	{ "id", TEXT(id) }, { "sans", TEXT(san_count) }, { "slots", TEXT(slot_count) }, { "change", TEXT(change) }, { "renewal", TEXT(auto_renewal_ms) },
	{ "expiry", TEXT(expiry_ms) }, { "expiry_read", TEXT(expiry_read_ms) }, { "change_seen", TEXT(first_seen_change_ms) },
	{ "renewal_asked", TEXT(renewal_asked_ms) }, { "no_change_management", TEXT(no_change_management) },
};
#undef TEXT

static char **text_at(const struct cps_item *item, size_t offset)
{
	return (char **)(void *)((char *)item + offset);
}

static int64_t *number_at(const struct cps_item *item, size_t offset)
{
	return (int64_t *)(void *)((char *)item + offset);
}

void cps_inventory_journal(const struct cps_item *item, struct store_txn *t)
{
	CLEANUP(mem_freep) char *key = mem_printf(PREFIX "%s", item->key);
	CLEANUP(mem_freep) char *value = NULL;
	json_t *o = json_object();

	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		const char *text = *text_at(item, texts[i].offset);

		if (text && *text)
			json_object_set_new(o, texts[i].name, json_string(text));
	}
	for (size_t i = 0; i < ARRAY_LEN(numbers); i++)
		json_object_set_new(o, numbers[i].name, json_integer((json_int_t)*number_at(item, numbers[i].offset)));
	value = json_dumps(o, JSON_COMPACT);
	json_decref(o);
	store_set(t, key, value);
}

static void load_row(const char *key, const char *value, void *arg)
{
	struct cps_inventory *v = arg;
	json_t *o = json_loads(value, 0, NULL);
	struct cps_item *item = json_is_object(o) ? mem_new(1, sizeof(*item)) : NULL;

	if (!item) {
		json_decref(o);
		return;
	}
	item->key = mem_dup(key + strlen(PREFIX));
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		*text_at(item, texts[i].offset) = cps_json_text(o, texts[i].name);
	for (size_t i = 0; i < ARRAY_LEN(numbers); i++)
		*number_at(item, numbers[i].offset) = cps_json_id(o, numbers[i].name);
	if (!*item->alarm_kind) { /* nobody was told */
		mem_replace(&item->alarm, NULL);
		mem_replace(&item->alarm_kind, NULL);
	}
	HASH_ADD_KEYPTR(hh, v->items, item->key, strlen(item->key), item);
	json_decref(o);
}

int cps_inventory_load(struct cps_inventory *v, struct store *s, struct err *err)
{
	*v = (struct cps_inventory){ 0 };
	return store_each_setting(s, PREFIX, load_row, v, err);
}

void cps_inventory_free(struct cps_inventory *v)
{
	struct cps_item *item, *next;

	HASH_ITER(hh, v->items, item, next) {
		HASH_DEL(v->items, item);
		item_free(item);
	}
}

struct cps_item *cps_inventory_find(const struct cps_inventory *v, const char *key)
{
	struct cps_item *item;

	HASH_FIND_STR(v->items, key, item);
	return item;
}

void cps_inventory_drop(struct cps_inventory *v, struct cps_item *item, struct store_txn *t)
{
	CLEANUP(mem_freep) char *key = mem_printf(PREFIX "%s", item->key);

	store_set(t, key, NULL);
	HASH_DEL(v->items, item);
	item_free(item);
}

/* ---- what a list says */

bool cps_item_set(char **slot, const char *text)
{
	if (*slot && strcmp(*slot, text) == 0)
		return false;
	mem_replace(slot, text);
	return true;
}

static bool take_number(int64_t *slot, int64_t number)
{
	bool differs = *slot != number;

	*slot = number;
	return differs;
}

/* The same names in another order are another text to CPS, too. */
static char *hash_names(const struct cps_enrollment *e)
{
	CLEANUP(buf_done) struct buf all = BUF_INIT(CPS_NAMES_MAX * 260);
	unsigned char digest[SHA256_SIZE];

	for (size_t i = 0; i < e->san_count; i++)
		buf_printf(&all, "%s\n", e->sans[i]);
	crypto_sha256(buf_text(&all), all.length, digest);
	return crypto_base64url(digest, 12);
}

static bool take(struct cps_item *item, const char *contract, const struct cps_enrollment *e, int64_t now_ms)
{
	const struct cps_pending *newest = cps_enrollment_newest(e);
	CLEANUP(mem_freep) char *hash = hash_names(e);
	bool differs = cps_item_set(&item->contract, contract ? contract : "");

	differs |= cps_item_set(&item->cn, e->cn);
	differs |= cps_item_set(&item->validation_type, e->validation_type);
	differs |= cps_item_set(&item->ra, e->ra);
	differs |= cps_item_set(&item->names_hash, hash);
	differs |= take_number(&item->san_count, (int64_t)e->san_count);
	differs |= take_number(&item->slot_count, (int64_t)e->slot_count);
	differs |= take_number(&item->auto_renewal_ms, e->auto_renewal_ms);
	differs |= take_number(&item->no_change_management, e->no_change_management);
	differs |= cps_item_set(&item->change_type, newest ? newest->type : "");
	if (take_number(&item->change, newest ? newest->change : 0)) {
		item->first_seen_change_ms = newest ? now_ms : 0;
		item->expiry_read_ms = 0; /* a change that is over may have brought another certificate */
		if (newest)
			cps_item_set(&item->last_error, "");
		differs = true;
	}
	return differs;
}

struct cps_item *cps_inventory_see(struct cps_inventory *v, const char *account, const char *contract, const struct cps_enrollment *e, int64_t now_ms,
                                   struct store_txn *t, bool *ret_found)
{
	int64_t before = 0;
	CLEANUP(mem_freep) char *key = mem_printf("%s%s%" PRId64, account, *account ? "/" : "", e->id);
	struct cps_item *item = cps_inventory_find(v, key);
	bool fresh = !item;

	if (fresh) {
		item = mem_new(1, sizeof(*item));
		item->key = mem_dup(key);
		item->account = mem_dup(account);
		item->id = e->id;
		item->phase = mem_dup("");
		item->waits_for = mem_dup("");
		item->last_error = mem_dup("");
		HASH_ADD_KEYPTR(hh, v->items, item->key, strlen(item->key), item);
	}
	before = item->change;
	if (take(item, contract, e, now_ms) || fresh)
		cps_inventory_journal(item, t);
	*ret_found = item->change && item->change != before;
	item->seen_ms = now_ms;
	item->look = v->look;
	return item;
}

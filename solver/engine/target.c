#include "solver/engine/target.h"

#include <string.h>

#include "solver/base/buf.h"
#include "solver/base/mem.h"
#include "solver/crypto/crypto.h"

#define DIGEST_BYTES 20

static bool take_off(const char **name, const char *label)
{
	size_t length = strlen(label);

	if (strncmp(*name, label, length) != 0 || !(*name)[length])
		return false;
	*name += length;
	return true;
}

void target_identifier(const char *name, char ret_identifier[NAME_SIZE])
{
	const char *rest = name, *behind = name_parent(name);

	if (!take_off(&rest, CHALLENGE_LABEL ".") && !take_off(&rest, PERSIST_LABEL ".") && name[0] == '_' && behind &&
	    take_off(&behind, CHALLENGE_LABEL "."))
		rest = behind;
	memmove(ret_identifier, rest, strlen(rest) + 1);
}

void target_digest(const char *identifier, char ret_digest[TARGET_DIGEST_SIZE])
{
	unsigned char digest[SHA256_SIZE];

	crypto_sha256(identifier, strlen(identifier), digest);
	crypto_base32(digest, DIGEST_BYTES, ret_digest);
}

/* ---- inside a delegation zone ---- */

static bool could_be_a_digest(const char *label)
{
	return strlen(label) == TARGET_DIGEST_LENGTH && !label[strspn(label, CRYPTO_BASE32)];
}

/* What stands in front of the zone, without the labels of a challenge: "" at the zone itself. */
static void part_before_zone(const struct target *t, char ret_part[NAME_SIZE])
{
	char name[NAME_SIZE];
	size_t length, zone = strlen(t->zone);

	target_identifier(t->name, name);
	length = strlen(name);
	if (length <= zone + 1 || !name_is_below(name, t->zone))
		length = zone + 1; /* only the labels of a challenge stand there */
	memcpy(ret_part, name, length - zone - 1);
	ret_part[length - zone - 1] = '\0';
}

/* The caller names the target and nothing else, as clients do that have followed the CNAME themselves. */
static bool only_target_is_known(const struct target *t)
{
	return name_is_below(t->identifier, t->zone);
}

/* The identifier that the name belongs to; NULL: to none. Borrows `part`. */
static const char *owner_of(const struct target *t, const char *part)
{
	char digest[TARGET_DIGEST_SIZE];

	if (t->bound)
		return t->bound;
	target_digest(t->identifier, digest);
	if (!only_target_is_known(t) && strcmp(part, digest) == 0)
		return t->identifier;
	return strchr(part, '.') ? part : NULL;
}

bool target_is_own(const struct target *t)
{
	char part[NAME_SIZE];
	const char *owner;

	part_before_zone(t, part);
	owner = owner_of(t, part);
	return owner && strcmp(owner, t->identifier) == 0;
}

/* Whoever has it by form or digest may have pointed a CNAME at it. */
int target_check_binding(const char *name, const char *zone, const char *identifier, struct err *err)
{
	const struct target t = { .identifier = identifier, .name = name, .zone = zone };
	char part[NAME_SIZE];
	const char *owner;

	part_before_zone(&t, part);
	owner = owner_of(&t, part);
	if (owner && strcmp(owner, identifier) != 0)
		return err_set(err, ERR_CONFLICT, "%s belongs to %s by its form, so that it cannot be bound to %s; point the CNAME at a name that \"dcvd delegate %s\" shows",
		               name, owner, identifier, identifier);
	if (!owner && could_be_a_digest(part))
		return err_set(err, ERR_CONFLICT, "%s has the form of a digest, and not the one of %s, so that it may belong to another identifier; point the CNAME at a name that \"dcvd delegate %s\" shows",
		               name, identifier, identifier);
	return 0;
}

static int refuse_foreign(const struct target *t, const char *owner, struct err *err)
{
	return err_set(err, ERR_DENIED, "%s lies in the delegation zone %s and belongs to %s, not to %s; point the CNAME at a name that \"dcvd delegate %s\" shows",
	               t->name, t->zone, owner, t->identifier, t->identifier);
}

static int refuse_unowned(const struct target *t, struct err *err)
{
	if (only_target_is_known(t))
		return err_set(err, ERR_DENIED, "%s lies in the delegation zone %s, and nothing says which identifier it belongs to; send the domain that is to be validated, or run \"dcvd delegate bind %s IDENTIFIER\"",
		               t->name, t->zone, t->name);
	return err_set(err, ERR_DENIED, "%s lies in the delegation zone %s and does not belong to %s; point the CNAME at a name that \"dcvd delegate %s\" shows, or run \"dcvd delegate bind %s %s\"",
	               t->name, t->zone, t->identifier, t->identifier, t->name, t->identifier);
}

static int check_delegated(const struct target *t, target_granted_fn granted, void *arg, bool *ret_binds, struct err *err)
{
	char part[NAME_SIZE];
	const char *owner;
	bool binds;

	part_before_zone(t, part);
	owner = owner_of(t, part);
	binds = !owner && t->first_use && *part && !could_be_a_digest(part) && !only_target_is_known(t);
	if (binds)
		owner = t->identifier;
	if (!owner)
		return refuse_unowned(t, err);
	if (strcmp(owner, t->identifier) != 0 && !only_target_is_known(t))
		return refuse_foreign(t, owner, err);
	if (granted(owner, arg)) {
		*ret_binds = binds;
		return 0;
	}
	return err_set(err, ERR_DENIED, "%s lies in the delegation zone %s and belongs to %s, which is not granted to client %s; no grant on names reaches into a delegation zone",
	               t->name, t->zone, owner, t->client);
}

/* ---- everywhere else ---- */

/* What follows "LABEL." in the name; NULL where it does not begin so. */
static const char *behind(const char *name, const char *label)
{
	size_t length = strlen(label);

	return strncmp(name, label, length) == 0 && name[length] == '.' && name[length + 1] ? name + length + 1 : NULL;
}

/* The zone that would give the name to the identifier by its form or digest, if it were marked; NULL: none. Borrows `owner`. */
static const char *zone_by_form(const struct target *t, const char *owner)
{
	char digest[TARGET_DIGEST_SIZE];
	const char *zone = strchr(t->identifier, '.') ? behind(owner, t->identifier) : NULL;

	target_digest(t->identifier, digest);
	return zone ? zone : behind(owner, digest);
}

/* What marks the zone, with whatever the route says that serves the name now: the new one goes before it. Gives. */
static char *marking(const struct config_route *route, const char *zone)
{
	struct buf b = BUF_INIT(ERR_TEXT_MAX);

	if (route && strcmp(route->suffix, zone) == 0) {
		buf_printf(&b, "say delegation: on in the route of %s", zone);
		return buf_take(&b);
	}
	buf_printf(&b, "add the route {suffix: %s, type: dns-01", zone);
	if (route && route->provider)
		buf_printf(&b, ", provider: %s", route->provider);
	if (route && route->zone)
		buf_printf(&b, ", zone: %s", route->zone);
	if (route && route->authority)
		buf_printf(&b, ", authority: %s", route->authority);
	buf_add_text(&b, ", delegation: on}");
	return buf_take(&b);
}

static int refuse_unmarked(const struct target *t, const char *zone, bool bind, struct err *err)
{
	CLEANUP(mem_freep) char *mark = marking(t->route, zone);
	CLEANUP(mem_freep) char *binding = bind ? mem_printf(" and run \"dcvd delegate bind %s %s\"", t->name, t->identifier) : mem_dup("");

	return err_set(err, ERR_DENIED, "%s is a CNAME to %s, which is not granted to client %s; a CNAME is no grant: if %s takes in the challenges of others, %s%s",
	               t->asked, t->name, t->client, zone, mark, binding);
}

static int refuse_ungranted(const struct target *t, const char *owner, struct err *err)
{
	const char *zone = zone_by_form(t, owner), *parent = name_parent(t->name);

	if (strcmp(t->asked, t->name) == 0)
		return err_set(err, ERR_DENIED, "%s stands for %s, which is not granted to client %s", t->name, owner, t->client);
	if (zone)
		return refuse_unmarked(t, zone, false, err);
	if (strcmp(owner, t->name) != 0 || !parent)
		return err_set(err, ERR_DENIED, "%s is a CNAME to %s, which stands for %s, and that is not granted to client %s; a CNAME is no grant: grant %s to the client, or point the CNAME into a delegation zone",
		               t->asked, t->name, owner, t->client, owner);
	return refuse_unmarked(t, parent, true, err);
}

int target_check(const struct target *t, target_granted_fn granted, void *arg, bool *ret_binds, struct err *err)
{
	char owner[NAME_SIZE];

	*ret_binds = false;
	if (t->account == TARGET_OWN_ACCOUNT)
		return 0;
	if (t->account == TARGET_FOREIGN_ACCOUNT)
		return err_set(err, ERR_DENIED, "%s belongs to an account of acme-dns: only /update with its credentials writes there", t->name);
	if (t->zone)
		return check_delegated(t, granted, arg, ret_binds, err);
	target_identifier(t->name, owner);
	return granted(owner, arg) ? 0 : refuse_ungranted(t, owner, err);
}

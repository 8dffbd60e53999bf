#include "solver/nameserver/zones.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "solver/base/mem.h"
#include "solver/dns/name.h"

#define DEFAULT_TTL_S 5
#define OPTION_ZONES "dns.zones"
#define OPTION_SERVERS "dns.name_servers"
#define OPTION_CONTACT "dns.contact"

/* "host.master@example.com" would need an escape in its first label: only plain mailboxes are taken. */
static int contact_name(const char *contact, const char *zone, char **ret, struct err *err)
{
	char name[NAME_SIZE];
	CLEANUP(mem_freep) char *text = NULL;
	const char *at;

	if (!contact || !*contact) {
		*ret = mem_printf("hostmaster%s%s", *zone ? "." : "", zone);
		return 0;
	}
	at = strchr(contact, '@');
	text = mem_dup(contact);
	if (at && memchr(contact, '.', (size_t)(at - contact)))
		return err_set(err, ERR_INVALID, "%s: \"%s\" has a dot before the @; use another mailbox", OPTION_CONTACT, contact);
	if (at)
		text[at - contact] = '.';
	if (name_normalize(text, name, err) < 0)
		return err_in(err, OPTION_CONTACT);
	*ret = mem_dup(name);
	return 0;
}

static int zone_add(struct zones *z, const char *text, const char *contact, struct err *err)
{
	char name[NAME_SIZE];
	struct zone *zone, *old;

	if (name_normalize(text, name, err) < 0)
		return err_in(err, OPTION_ZONES);
	HASH_FIND_STR(z->by_name, name, old);
	if (old)
		return 0;
	zone = mem_new(1, sizeof(*zone));
	zone->name = mem_dup(name);
	zone->server = z->host_count ? mem_dup(z->hosts[0].name) : mem_printf("ns1.%s", name);
	HASH_ADD_KEYPTR(hh, z->by_name, zone->name, strlen(zone->name), zone);
	if (strlen(zone->server) > NAME_MAX_TEXT || strlen(name) + strlen("hostmaster.") > NAME_MAX_TEXT)
		return err_set(err, ERR_INVALID, "%s: %s is too long for the names of its server and contact", OPTION_ZONES, name);
	return contact_name(contact, name, &zone->contact, err);
}

static int host_address(struct host *h, const char *text, struct err *err)
{
	struct in6_addr v6;
	struct in_addr v4;

	if (inet_pton(AF_INET, text, &v4) == 1) {
		h->v4 = mem_resize(h->v4, h->v4_count + 1, sizeof(v4));
		h->v4[h->v4_count++] = v4;
	} else if (inet_pton(AF_INET6, text, &v6) == 1) {
		h->v6 = mem_resize(h->v6, h->v6_count + 1, sizeof(v6));
		h->v6[h->v6_count++] = v6;
	} else {
		return err_set(err, ERR_INVALID, "%s: \"%s\" is not an IP address", OPTION_SERVERS, text);
	}
	return 0;
}

static int host_add(struct zones *z, const char *line, struct err *err)
{
	CLEANUP(mem_freep) char *copy = mem_dup(line);
	char name[NAME_SIZE], *rest = NULL, *word = strtok_r(copy, " ,\t", &rest);
	struct host *h;

	if (name_normalize(word ? word : "", name, err) < 0)
		return err_in(err, OPTION_SERVERS);
	z->hosts = mem_resize(z->hosts, z->host_count + 1, sizeof(*z->hosts));
	h = &z->hosts[z->host_count++];
	memset(h, 0, sizeof(*h));
	h->name = mem_dup(name);
	while ((word = strtok_r(NULL, " ,\t", &rest)))
		if (host_address(h, word, err) < 0)
			return err->code;
	return 0;
}

static int zones_fill(struct zones *z, const struct nameserver_options *o, struct err *err)
{
	for (size_t i = 0; o->name_servers && o->name_servers[i]; i++)
		if (host_add(z, o->name_servers[i], err) < 0)
			return err->code;
	for (size_t i = 0; o->zones && o->zones[i]; i++)
		if (zone_add(z, o->zones[i], o->contact, err) < 0)
			return err->code;
	return 0;
}

int zones_new(const struct nameserver_options *options, const struct zones *old, struct zones **ret, struct err *err)
{
	struct zones *z = mem_new(1, sizeof(*z));

	z->ttl_s = options->ttl_s ? options->ttl_s : DEFAULT_TTL_S;
	z->negative_ttl_s = options->negative_ttl_s ? options->negative_ttl_s : DEFAULT_TTL_S;
	z->start = old ? old->start + 1 : (uint32_t)time(NULL);
	if (zones_fill(z, options, err) < 0) {
		zones_free(z);
		return err->code;
	}
	*ret = z;
	return 0;
}

void zones_free(struct zones *z)
{
	struct zone *zone, *next;

	if (!z)
		return;
	HASH_ITER(hh, z->by_name, zone, next) {
		HASH_DEL(z->by_name, zone);
		free(zone->name);
		free(zone->contact);
		free(zone->server);
		free(zone);
	}
	for (size_t i = 0; i < z->host_count; i++) {
		free(z->hosts[i].name);
		free(z->hosts[i].v4);
		free(z->hosts[i].v6);
	}
	free(z->hosts);
	free(z);
}

const struct zone *zones_find(const struct zones *z, const struct wire_name *name, unsigned *ret_label)
{
	size_t length = strlen(name->text);

	for (unsigned i = 0; i < name->labels; i++) {
		const struct zone *zone;

		HASH_FIND(hh, z->by_name, name->text + name->text_at[i], length - name->text_at[i], zone);
		if (zone) {
			*ret_label = i;
			return zone;
		}
	}
	return NULL;
}

static bool host_has_address(const struct host *h)
{
	return h->v4_count || h->v6_count;
}

const struct host *zones_host(const struct zones *z, const char *name)
{
	for (size_t i = 0; i < z->host_count; i++)
		if (host_has_address(&z->hosts[i]) && strcmp(z->hosts[i].name, name) == 0)
			return &z->hosts[i];
	return NULL;
}

bool zones_host_exists(const struct zones *z, const char *name)
{
	for (size_t i = 0; i < z->host_count; i++)
		if (host_has_address(&z->hosts[i]) && name_is_below(z->hosts[i].name, name))
			return true;
	return false;
}

#include "solver/daemon/host.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "solver/base/listen.h"
#include "solver/base/mem.h"
#include "solver/base/trusted.h"
#include "solver/conf/source.h"
#include "solver/daemon/addresses.h"
#include "solver/daemon/verify.h"
#include "solver/sandbox/capabilities.h"
#include "solver/sandbox/user.h"

/* ---- the state folder ---- */

char *host_parent(const char *path)
{
	size_t length = strlen(path);

	while (length > 1 && path[length - 1] == '/')
		length--;
	while (length && path[length - 1] != '/')
		length--;
	return length ? mem_dup_n(path, length) : mem_dup(".");
}

bool host_in_state(const struct config *c, const char *path)
{
	size_t length = c->state_dir ? strlen(c->state_dir) : 0;

	while (length > 1 && c->state_dir[length - 1] == '/')
		length--;
	return length > 1 && strncmp(path, c->state_dir, length) == 0 && path[length] == '/' && !strstr(path, "/../");
}

/* Whether serve could write there; 0, or what the system says. *ret_other: the folder is there, and is not this user's, who may not be the one
 * that runs the service. */
static int folder_obstacle(const char *path, bool *ret_other)
{
	CLEANUP(mem_freep) char *parent = host_parent(path);
	struct stat st;
	int number;

	*ret_other = false;
	if (stat(path, &st) < 0 && (errno != ENOENT || stat((path = parent), &st) < 0))
		return errno;
	if (!S_ISDIR(st.st_mode))
		return ENOTDIR;
	number = access(path, W_OK | X_OK) < 0 ? errno : 0;
	*ret_other = number == EACCES && st.st_uid != geteuid();
	return number;
}

static void state_note(const struct config *c, bool other, struct buf *out)
{
	bool is_other;
	int number = c->state_dir ? folder_obstacle(c->state_dir, &is_other) : 0;
	CLEANUP(mem_freep) char *text = NULL;

	if (!number || is_other != other)
		return;
	text = other ? mem_printf("this user may not write to %s; the user that runs the service must", c->state_dir) :
	               mem_printf("%s cannot be made or written: %s", c->state_dir, strerror(number));
	verify_note(c, out, "state-dir", text);
}

/* As the user who runs this: the one of the service. */
static void verify_trust(const struct config *c, struct buf *mistakes)
{
	struct user user;
	struct err err;

	if (c->state_dir && trusted_folder(c->state_dir, geteuid(), geteuid() == 0, &err) == ERR_DENIED)
		verify_note(c, mistakes, "state-dir", err.text);
	if (c->user && geteuid() == 0 && user_find(c->user, &user, &err) < 0)
		verify_note(c, mistakes, "user", err.text);
}

/* ---- addresses ---- */

#define LISTENERS_MAX 640 /* five options of 64, each for two families */

struct listener {
	struct listen_address address;
	const char *option;
	bool udp; /* too */
};

struct listeners {
	const struct config *c;
	struct buf *mistakes;
	struct listener list[LISTENERS_MAX];
	size_t count;
};

static bool is_any(const struct listen_address *a)
{
	return a->any.sa_family == AF_INET ? a->v4.sin_addr.s_addr == INADDR_ANY : IN6_IS_ADDR_UNSPECIFIED(&a->v6.sin6_addr);
}

static bool is_same(const struct listen_address *a, const struct listen_address *b)
{
	return a->any.sa_family == AF_INET ? a->v4.sin_addr.s_addr == b->v4.sin_addr.s_addr :
	                                     memcmp(&a->v6.sin6_addr, &b->v6.sin6_addr, sizeof(a->v6.sin6_addr)) == 0;
}

/* All of them are TCP, so that one port of one address is for one of them. */
static bool is_taken(const struct listen_address *a, const struct listen_address *b)
{
	return a->any.sa_family == b->any.sa_family && a->v4.sin_port == b->v4.sin_port && (is_any(a) || is_any(b) || is_same(a, b));
}

static void note_listener(struct listeners *l, const struct listener *n, const char *what)
{
	char address[LISTEN_TEXT_SIZE];
	CLEANUP(mem_freep) char *text = mem_printf("%s %s", listen_text(&n->address, address), what);

	verify_note(l->c, l->mistakes, n->option, text);
}

/* Any free port of the address tells whether it is one of this host. */
static int address_obstacle(struct listen_address a)
{
	int fd = socket(a.any.sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0), number = 0;

	a.v4.sin_port = 0; /* at the same place in both families */
	if (fd < 0 || bind(fd, &a.any, a.length) < 0)
		number = errno;
	if (fd >= 0)
		close(fd);
	return number;
}

static void add_listener(struct listeners *l, const char *option, const char *text)
{
	struct listener *n = &l->list[l->count];
	struct err err;
	int number;

	if (l->count == LISTENERS_MAX || listen_parse(text, option, &n->address, &err) < 0)
		return; /* what cannot be read was told */
	n->option = option;
	for (size_t i = 0; i < l->count; i++)
		if (is_taken(&n->address, &l->list[i].address)) {
			CLEANUP(mem_freep) char *what = mem_printf("is taken by %s already", l->list[i].option);

			note_listener(l, n, what);
			return;
		}
	l->count++;
	number = address_obstacle(n->address);
	if (number)
		note_listener(l, n, number == EADDRNOTAVAIL ? "is not an address of this host" : strerror(number));
}

static void add_listeners(struct listeners *l, const char *option, char **listen)
{
	CLEANUP(addresses_freep) char **list = addresses_expand(listen);

	for (size_t i = 0; list[i]; i++)
		add_listener(l, option, list[i]);
}

/* A port alone is one of the loopback for the API. */
static void add_doors(struct listeners *l, const char *option, char **listen)
{
	for (; listen && *listen; listen++) {
		CLEANUP(mem_freep) char *text = strchr(*listen, ':') ? mem_dup(*listen) : mem_printf("127.0.0.1:%s", *listen);

		add_listener(l, option, text);
	}
}

static void verify_listeners(const struct config *c, struct buf *mistakes)
{
	struct listeners *l = mem_new(1, sizeof(*l));

	l->c = c;
	l->mistakes = mistakes;
	add_listeners(l, "dns.listen", c->dns.listen);
	add_listeners(l, "http.listen", c->http.listen);
	add_listeners(l, "http.tls-listen", c->http.tls_listen);
	add_doors(l, "api.listen", c->api.listen);
	add_doors(l, "api.tls-listen", c->api.tls_listen);
	free(l);
}

void host_verify(const struct config *c, struct buf *mistakes)
{
	state_note(c, false, mistakes);
	verify_trust(c, mistakes);
	verify_listeners(c, mistakes);
}

/* ---- files ---- */

static void advise_file(const struct config *c, const char *path, const char *file, int mode, struct buf *warnings)
{
	CLEANUP(mem_freep) char *text = NULL;

	if (!file || access(file, mode) == 0)
		return;
	text = mem_printf("%s cannot be %s: %s", file, mode & X_OK ? "run" : mode & W_OK ? "written" : "read", strerror(errno));
	verify_note(c, warnings, path, text);
}

/* Keys and credentials, which the others of this host must not read. */
static void advise_key(const struct config *c, const char *path, const char *file, struct buf *warnings)
{
	CLEANUP(mem_freep) char *text = NULL;

	advise_file(c, path, file, R_OK, warnings);
	text = file ? source_open_to_all(file) : NULL;
	if (text)
		verify_note(c, warnings, path, text);
}

static void advise_provider(const struct config *c, const struct config_provider *p, struct buf *warnings)
{
	for (const struct option *o = p->table; o && o->name; o++) {
		CLEANUP(mem_freep) char *path = mem_printf("providers.%s.%s", p->name, o->name);

		if (o->kind == OPTION_PATH && strcmp(o->name, "edgerc") == 0)
			advise_key(c, path, *(char **)(void *)((char *)p->options + o->offset), warnings);
		else if (o->kind == OPTION_PATH)
			advise_file(c, path, *(char **)(void *)((char *)p->options + o->offset), strcmp(o->name, "command") == 0 ? X_OK : R_OK, warnings);
	}
}

static void advise_route(const struct config *c, size_t i, struct buf *warnings)
{
	CLEANUP(mem_freep) char *path = mem_printf("routes[%zu].folder", i);

	if (c->routes[i].folder && !(host_in_state(c, c->routes[i].folder) && access(c->routes[i].folder, F_OK) < 0)) /* it is made */
		advise_file(c, path, c->routes[i].folder, W_OK, warnings);
}

static void advise_writable(const struct config *c, struct buf *warnings)
{
	for (char **folder = c->sandbox.writable; folder && *folder; folder++) {
		CLEANUP(mem_freep) char *relative = mem_printf("%s is no absolute path: it depends on where dcvd is started", *folder);

		if (**folder != '/')
			verify_note(c, warnings, "sandbox.writable", relative);
		advise_file(c, "sandbox.writable", *folder, W_OK, warnings);
	}
}

/* ---- ports below 1024 ---- */

#define PORT_FLOOR_FILE "/proc/sys/net/ipv4/ip_unprivileged_port_start"
#define PORT_FLOOR 1024

static long port_floor(void)
{
	FILE *file = fopen(PORT_FLOOR_FILE, "re");
	char line[32] = "";
	bool read = file && fgets(line, sizeof(line), file);

	if (file)
		fclose(file);
	return read ? strtol(line, NULL, 10) : PORT_FLOOR;
}

static void advise_port(const struct config *c, const char *option, char **listen, struct buf *warnings)
{
	struct listen_address address;
	struct err err;

	for (; listen && *listen; listen++) {
		const char *colon = strrchr(*listen, ':');
		CLEANUP(mem_freep) char *text = mem_printf("127.0.0.1:%s", colon ? colon + 1 : *listen);
		long port = listen_parse(text, option, &address, &err) < 0 ? 0 : ntohs(address.v4.sin_port);
		CLEANUP(mem_freep) char *what = mem_printf("this user may not listen on port %ld; the user that runs the service needs CAP_NET_BIND_SERVICE, "
		                                           "which the unit gives it, or starts as root", port);

		if (port && port < port_floor())
			verify_note(c, warnings, option, what);
	}
}

static void advise_ports(const struct config *c, struct buf *warnings)
{
	if (capabilities_bind())
		return;
	advise_port(c, "dns.listen", c->dns.listen, warnings);
	advise_port(c, "http.listen", c->http.listen, warnings);
	advise_port(c, "http.tls-listen", c->http.tls_listen, warnings);
	advise_port(c, "api.listen", c->api.listen, warnings);
	advise_port(c, "api.tls-listen", c->api.tls_listen, warnings);
}

static void advise_zones(const struct config *c, struct buf *warnings)
{
	for (size_t i = 0; c->dns.zones && c->dns.zones[i]; i++)
		for (size_t k = 0; k < i; k++)
			if (strcasecmp(c->dns.zones[i], c->dns.zones[k]) == 0) {
				CLEANUP(mem_freep) char *text = mem_printf("%s is there twice", c->dns.zones[i]);

				verify_note(c, warnings, "dns.zones", text);
				break;
			}
}

/* Nobody has to have the file of the default. */
static void advise_edgerc(const struct config *c, struct buf *warnings)
{
	CLEANUP(mem_freep) char *usual = source_expand("~/.edgerc");

	if (c->cps.edgerc && strcmp(c->cps.edgerc, usual) != 0)
		advise_key(c, "cps.edgerc", c->cps.edgerc, warnings);
}

void host_advise(const struct config *c, struct buf *warnings)
{
	state_note(c, true, warnings);
	advise_zones(c, warnings);
	advise_ports(c, warnings);
	advise_writable(c, warnings);
	advise_edgerc(c, warnings);
	advise_file(c, "cps.ca-file", c->cps.ca_file, R_OK, warnings);
	advise_file(c, "perspectives.ca-file", c->perspectives.ca_file, R_OK, warnings);
	advise_file(c, "api.tls-client-ca", c->api.tls_client_ca, R_OK, warnings);
	advise_file(c, "http.tls-certificate", c->http.tls_certificate, R_OK, warnings);
	advise_file(c, "api.tls-certificate", c->api.tls_certificate, R_OK, warnings);
	advise_key(c, "http.tls-key", c->http.tls_key, warnings);
	advise_key(c, "api.tls-key", c->api.tls_key, warnings);
	advise_file(c, "api.front-proxy-ca", c->api.front_proxy_ca, R_OK, warnings);
	for (char **file = c->api.tls_client_crl; file && *file; file++)
		advise_file(c, "api.tls-client-crl", *file, R_OK, warnings);
	for (char **file = c->api.front_proxy_crl; file && *file; file++)
		advise_file(c, "api.front-proxy-crl", *file, R_OK, warnings);
	for (size_t i = 0; i < c->provider_count; i++)
		advise_provider(c, &c->providers[i], warnings);
	for (size_t i = 0; i < c->route_count; i++)
		advise_route(c, i, warnings);
}

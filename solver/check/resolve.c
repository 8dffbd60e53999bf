#include "solver/check/resolve.h"

int resolve_check_open(const struct checker *c, struct err *err)
{
	return c->stopped ? err_set(err, ERR_CANCELLED, "dcvd is stopping") : 0;
}

int resolve_query(struct checker *c, const char *name, int type, dns_reply_fn done, void *arg, struct err *err)
{
	if (resolve_check_open(c, err) < 0)
		return err->code;
	return resolver_query(c->parts.resolver, name, type, done, arg, err);
}

int resolve_addresses(struct checker *c, const char *host, void (*done)(const char *const *addresses, const struct err *err, void *arg),
                      void *arg, struct err *err)
{
	if (resolve_check_open(c, err) < 0)
		return err->code;
	return resolver_addresses(c->parts.resolver, host, done, arg, err);
}

int resolve_exchange(struct checker *c, const char *server, const unsigned char *wire, size_t length, bool tcp, dns_reply_fn done, void *arg,
                     struct err *err)
{
	if (resolve_check_open(c, err) < 0)
		return err->code;
	return resolver_exchange(c->parts.resolver, server, wire, length, tcp, done, arg, err);
}

int resolve_recursively(struct checker *c, const char *name, int type, recursor_fn done, void *arg, struct err *err)
{
	if (resolve_check_open(c, err) < 0)
		return err->code;
	return recursor_query(c->parts.recursor, name, type, done, arg, err);
}

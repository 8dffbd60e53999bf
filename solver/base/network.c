#include "solver/base/network.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "solver/base/mem.h"

struct network {
	unsigned char address[16]; /* IPv4 as ::ffff:a.b.c.d */
	unsigned bits;             /* of those 128 */
	char *text;
};

struct networks {
	struct network *items;
	size_t count;
};

struct networks *networks_new(void)
{
	return mem_new(1, sizeof(struct networks));
}

void networks_free(struct networks *n)
{
	if (!n)
		return;
	for (size_t i = 0; i < n->count; i++)
		free(n->items[i].text);
	free(n->items);
	free(n);
}

size_t networks_count(const struct networks *n)
{
	return n->count;
}

const char *networks_text(const struct networks *n, size_t index)
{
	return n->items[index].text;
}

static bool address_read(const char *text, unsigned char address[16], bool *v4)
{
	static const unsigned char mapped[12] = { [10] = 0xff, [11] = 0xff };

	memcpy(address, mapped, sizeof(mapped));
	*v4 = inet_pton(AF_INET, text, address + 12) == 1;
	if (*v4)
		return true;
	if (inet_pton(AF_INET6, text, address) != 1)
		return false;
	*v4 = memcmp(address, mapped, sizeof(mapped)) == 0;
	return true;
}

static int network_read(const char *text, struct network *n, struct err *err)
{
	char address[64];
	const char *slash = strchr(text, '/');
	size_t length = slash ? (size_t)(slash - text) : strlen(text);
	unsigned long bits;
	bool v4;

	if (length >= sizeof(address))
		return err_set(err, ERR_INVALID, "\"%.60s\" is not a network", text);
	memcpy(address, text, length);
	address[length] = '\0';
	if (!address_read(address, n->address, &v4))
		return err_set(err, ERR_INVALID, "\"%.60s\" is not an address or network like 192.0.2.0/24", text);
	v4 = v4 && !strchr(address, ':');
	bits = v4 ? 32 : 128;
	if (slash) {
		size_t digits = strspn(slash + 1, "0123456789");
		unsigned long given = strtoul(slash + 1, NULL, 10);

		if (digits < 1 || digits > 3 || slash[1 + digits] || given > bits)
			return err_set(err, ERR_INVALID, "\"%.60s\": the prefix length is 0 to %lu", text, bits);
		bits = given;
	}
	n->bits = (unsigned)(v4 ? bits + 96 : bits);
	n->text = mem_dup(text);
	return 0;
}

int networks_add(struct networks *n, const char *text, struct err *err)
{
	struct network fresh;

	if (network_read(text, &fresh, err) < 0)
		return err->code;
	n->items = mem_resize(n->items, n->count + 1, sizeof(*n->items));
	n->items[n->count++] = fresh;
	return 0;
}

static bool network_holds(const struct network *n, const unsigned char address[16])
{
	unsigned bytes = n->bits / 8, rest = n->bits % 8;

	if (memcmp(n->address, address, bytes) != 0)
		return false;
	return !rest || ((n->address[bytes] ^ address[bytes]) >> (8 - rest)) == 0;
}

bool networks_hold(const struct networks *n, const char *text)
{
	unsigned char address[16];
	bool v4;

	if (!address_read(text, address, &v4))
		return false;
	for (size_t i = 0; i < n->count; i++)
		if (network_holds(&n->items[i], address))
			return true;
	return false;
}

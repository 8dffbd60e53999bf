/* links: dcvd_cps dcvd_net */
/* Small texts from outside: points in time, networks, addresses, UTF-8, how deep JSON nests, paths of the CPS API. What is read is
 * written and read again, or compared with another reader. The first byte chooses. */
#include <jansson.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "solver/akamai/reply.h"
#include "solver/base/clock.h"
#include "solver/base/mem.h"
#include "solver/base/nesting.h"
#include "solver/base/network.h"
#include "solver/base/utf8.h"
#include "solver/cps/media.h"
#include "solver/net/address.h"

#define NESTING_MAX 4

#define NEED(what) ((what) ? (void)0 : fault(#what))

static void fault(const char *what)
{
	fprintf(stderr, "not so: %s\n", what);
	abort();
}

static void read_times(const char *text)
{
	char again[CLOCK_TEXT_SIZE];
	int64_t at, twice, date;

	if (clock_parse(text, &at) == 0) {
		clock_text(at, again);
		NEED(clock_parse(again, &twice) == 0 && twice == at);
	}
	if (akamai_http_date(text, &date) == 0)
		NEED(date % 1000 == 0);
}

/* A network, and an address in the next line. */
static void read_networks(char *text)
{
	struct networks *n = networks_new(), *again = networks_new();
	char *address = strchr(text, '\n');
	struct err err = { 0 };

	if (address)
		*address++ = '\0';
	if (networks_add(n, text, &err) == 0) {
		NEED(networks_count(n) == 1 && networks_add(again, networks_text(n, 0), &err) == 0);
		NEED(!address || networks_hold(n, address) == networks_hold(again, address));
	} else {
		NEED(*err.text && !networks_count(n));
	}
	networks_free(n);
	networks_free(again);
}

static void read_address(const char *text)
{
	struct sockaddr_storage a, b;
	char shown[ADDRESS_TEXT_SIZE], again[ADDRESS_TEXT_SIZE];
	struct err err = { 0 };

	if (address_parse(text, 53, &a, &err) < 0) {
		NEED(*err.text);
		return;
	}
	address_text(&a, shown);
	NEED(address_parse(shown, -1, &b, &err) == 0 && strcmp(address_text(&b, again), shown) == 0 && address_port(&b) == address_port(&a));
}

/* Jansson is as strict. */
static void read_characters(const char *text, size_t length)
{
	json_t *whole = json_stringn(text, length);
	size_t at = 0, step = 1;
	unsigned c;

	for (; at < length && step; at += step)
		step = utf8_read((const unsigned char *)text + at, length - at, &c);
	NEED((whole != NULL) == (step > 0));
	json_decref(whole);
}

static int depth_of(const json_t *json)
{
	int deepest = 0, own;
	const char *key;
	json_t *child;
	size_t i;

	json_array_foreach(json, i, child) {
		own = depth_of(child);
		deepest = own > deepest ? own : deepest;
	}
	json_object_foreach((json_t *)(uintptr_t)json, key, child) {
		own = depth_of(child);
		deepest = own > deepest ? own : deepest;
	}
	return deepest + (json_is_array(json) || json_is_object(json));
}

static void read_nesting(const char *text, size_t length)
{
	json_t *json = json_loadb(text, length, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL);

	if (json)
		NEED(nesting_is_over(text, length, NESTING_MAX) == (depth_of(json) > NESTING_MAX));
	json_decref(json);
}

static void read_media(const char *path)
{
	NEED(*cps_media_accept("GET", path) && *cps_media_accept("POST", path) && *cps_media_content(path));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(mem_freep) char *text = NULL;

	if (size < 1)
		return 0;
	text = mem_new(1, size);
	memcpy(text, data + 1, size - 1);
	switch (data[0] % 6) {
	case 0: read_times(text); break;
	case 1: read_networks(text); break;
	case 2: read_address(text); break;
	case 3: read_characters(text, size - 1); break;
	case 4: read_nesting(text, size - 1); break;
	default: read_media(text); break;
	}
	return 0;
}

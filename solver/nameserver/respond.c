#include "solver/nameserver/respond.h"

#include <string.h>

enum { NOERROR = 0, FORMERR = 1, NXDOMAIN = 3, NOTIMP = 4, REFUSED = 5, BADVERS = 16 };
enum { TYPE_A = 1, TYPE_NS = 2, TYPE_SOA = 6, TYPE_HINFO = 13, TYPE_TXT = 16, TYPE_AAAA = 28, TYPE_OPT = 41,
	TYPE_TKEY = 249, TYPE_MAILA = 254, TYPE_ANY = 255 };

#define CLASS_IN 1
#define FLAG_QR 0x8000
#define FLAG_OPCODE 0x7800
#define FLAG_AA 0x0400
#define FLAG_TC 0x0200
#define FLAG_RD 0x0100
#define EDNS_DO 0x8000
#define OPT_SIZE 11
#define PLAIN_UDP_MAX 512
#define HEADER_ANSWERS 6
#define HEADER_AUTHORITY 8
#define HEADER_ADDITIONAL 10

#define SOA_REFRESH_S 3600
#define SOA_RETRY_S 600
#define SOA_EXPIRE_S 604800

struct question {
	uint16_t id, flags, type, class;
	uint16_t counts[3];     /* of the sections behind the question */
	struct wire_name name;
	size_t end;             /* of the question in the query */
	bool edns;
	uint8_t edns_version;
	bool edns_do;
	uint16_t edns_size;
};

struct answer {
	const struct zones *zones;
	struct answers *answers;
	const struct question *question;
	struct wire_writer w;
	const struct zone *zone;
	unsigned zone_label;
	uint16_t answer_count, authority_count;
	uint16_t flags;
	unsigned rcode;
	size_t whole;           /* where the last whole record ended */
};

static void read_record(struct wire_reader *r, struct question *q, bool additional)
{
	size_t start = r->at;
	uint16_t type, class;
	uint32_t ttl;
	bool root;

	root = r->at < r->length && r->bytes[start] == 0;
	wire_skip_name(r);
	type = wire_read_16(r);
	class = wire_read_16(r);
	ttl = wire_read_32(r);
	wire_skip(r, wire_read_16(r));
	if (type != TYPE_OPT || r->failed)
		return;
	if (q->edns || !additional || !root) {
		r->failed = true; /* RFC 6891 section 6.1.1: one OPT, of the root */
		return;
	}
	q->edns = true;
	q->edns_size = class;
	q->edns_version = (uint8_t)(ttl >> 16);
	q->edns_do = ttl & EDNS_DO;
}

/* The header is there. False when the rest is malformed; `end` is set when at least the question is whole. */
static bool read_question(struct wire_reader *r, struct question *q)
{
	uint16_t questions = wire_read_16(r);

	for (int i = 0; i < 3; i++)
		q->counts[i] = wire_read_16(r);
	if (questions != 1)
		return false;
	wire_read_name(r, &q->name);
	q->type = wire_read_16(r);
	q->class = wire_read_16(r);
	if (r->failed)
		return false;
	q->end = r->at;
	for (int section = 0; section < 3; section++)
		for (unsigned i = 0; i < q->counts[section] && !r->failed; i++)
			read_record(r, q, section == 2);
	return !r->failed && r->at == r->length && q->type != TYPE_OPT;
}

static void record_begin(struct answer *a, uint16_t owner_at, uint16_t type, uint32_t ttl)
{
	wire_write_16(&a->w, 0xc000 | owner_at);
	wire_write_16(&a->w, type);
	wire_write_16(&a->w, CLASS_IN);
	wire_write_32(&a->w, ttl);
	wire_write_16(&a->w, 0); /* the length, set by record_end */
}

/* Closes the record whose data started at `data` and counts it, when all of it fitted. */
static void record_end(struct answer *a, size_t data, uint16_t *count)
{
	if (a->w.failed)
		return;
	wire_set_16(&a->w, data - 2, (uint16_t)(a->w.at - data));
	a->whole = a->w.at;
	(*count)++;
}

/* Owners are pointers into the echoed question: the name itself, or the zone within it. */
static uint16_t zone_at(const struct answer *a)
{
	return WIRE_HEADER + a->question->name.wire_at[a->zone_label];
}

static void write_soa(struct answer *a, uint32_t ttl, uint16_t *count)
{
	size_t data;

	record_begin(a, zone_at(a), TYPE_SOA, ttl);
	data = a->w.at;
	wire_write_name(&a->w, a->zone->server);
	wire_write_name(&a->w, a->zone->contact);
	wire_write_32(&a->w, a->zones->start + answers_dns_serial(a->answers));
	wire_write_32(&a->w, SOA_REFRESH_S);
	wire_write_32(&a->w, SOA_RETRY_S);
	wire_write_32(&a->w, SOA_EXPIRE_S);
	wire_write_32(&a->w, a->zones->negative_ttl_s);
	record_end(a, data, count);
}

static void write_one_ns(struct answer *a, const char *server)
{
	size_t data;

	record_begin(a, WIRE_HEADER, TYPE_NS, a->zones->ttl_s);
	data = a->w.at;
	wire_write_name(&a->w, server);
	record_end(a, data, &a->answer_count);
}

static void write_ns(struct answer *a)
{
	if (!a->zones->host_count)
		write_one_ns(a, a->zone->server);
	for (size_t i = 0; i < a->zones->host_count; i++)
		write_one_ns(a, a->zones->hosts[i].name);
}

static void write_txt(const char *value, size_t length, void *arg)
{
	struct answer *a = arg;
	size_t data;

	record_begin(a, WIRE_HEADER, TYPE_TXT, a->zones->ttl_s);
	data = a->w.at;
	do {
		size_t part = length > 255 ? 255 : length;

		wire_write_8(&a->w, (uint8_t)part);
		wire_write(&a->w, value, part);
		value += part;
		length -= part;
	} while (length);
	record_end(a, data, &a->answer_count);
}

static void write_addresses(struct answer *a, uint16_t type)
{
	const struct host *h = zones_host(a->zones, a->question->name.text);
	size_t count = !h ? 0 : type == TYPE_A ? h->v4_count : h->v6_count;
	size_t size = type == TYPE_A ? sizeof(*h->v4) : sizeof(*h->v6);

	for (size_t i = 0; i < count; i++) {
		size_t data;

		record_begin(a, WIRE_HEADER, type, a->zones->ttl_s);
		data = a->w.at;
		wire_write(&a->w, type == TYPE_A ? (const void *)&h->v4[i] : (const void *)&h->v6[i], size);
		record_end(a, data, &a->answer_count);
	}
}

static void see_value(const char *value, size_t length, void *arg)
{
	(void)value;
	(void)length;
	(void)arg;
}

/* RFC 8482: something small for ANY, when the name has records at all. */
static void write_hinfo(struct answer *a, bool apex)
{
	static const uint8_t hinfo[] = { 7, 'R', 'F', 'C', '8', '4', '8', '2', 0 };
	const char *name = a->question->name.text;
	size_t data;

	if (!apex && !zones_host(a->zones, name) && answers_each_dns(a->answers, name, see_value, NULL) == 0)
		return;
	record_begin(a, WIRE_HEADER, TYPE_HINFO, a->zones->ttl_s);
	data = a->w.at;
	wire_write(&a->w, hinfo, sizeof(hinfo));
	record_end(a, data, &a->answer_count);
}

static void write_matching(struct answer *a, bool apex)
{
	switch (a->question->type) {
	case TYPE_TXT:
		answers_each_dns(a->answers, a->question->name.text, write_txt, a);
		break;
	case TYPE_A:
	case TYPE_AAAA:
		write_addresses(a, a->question->type);
		break;
	case TYPE_SOA:
		if (apex)
			write_soa(a, a->zones->ttl_s, &a->answer_count);
		break;
	case TYPE_NS:
		if (apex)
			write_ns(a);
		break;
	case TYPE_ANY:
		write_hinfo(a, apex);
		break;
	}
}

/* Nothing of that type: says whether the name exists, with the SOA that bounds how long to remember it. */
static void write_nothing(struct answer *a, bool apex)
{
	const char *name = a->question->name.text;

	if (!apex && !answers_dns_exists(a->answers, name) && !zones_host_exists(a->zones, name))
		a->rcode = NXDOMAIN;
	write_soa(a, a->zones->negative_ttl_s, &a->authority_count);
}

static void write_sections(struct answer *a)
{
	const struct question *q = a->question;
	bool apex;

	if (q->class == CLASS_IN && (q->type < TYPE_TKEY || q->type > TYPE_MAILA))
		a->zone = zones_find(a->zones, &q->name, &a->zone_label);
	if (!a->zone) {
		a->rcode = REFUSED;
		return;
	}
	a->flags |= FLAG_AA;
	apex = a->zone_label == 0;
	write_matching(a, apex);
	if (!a->answer_count && !a->w.failed)
		write_nothing(a, apex);
}

/* What did not fit: over UDP the asker comes back by TCP and needs none of it; TCP has no larger
 * transport, so the whole records stay. */
static void cut(struct answer *a, bool tcp)
{
	a->flags |= FLAG_TC;
	a->w.failed = false;
	a->w.at = tcp ? a->whole : a->question->end;
	if (!tcp)
		a->answer_count = a->authority_count = 0;
}

static void write_opt(struct answer *a)
{
	wire_write_8(&a->w, 0);
	wire_write_16(&a->w, TYPE_OPT);
	wire_write_16(&a->w, RESPOND_UDP_MAX);
	wire_write_8(&a->w, (uint8_t)(a->rcode >> 4));
	wire_write_8(&a->w, 0);
	wire_write_16(&a->w, a->question->edns_do ? EDNS_DO : 0);
	wire_write_16(&a->w, 0);
}

static void write_header(struct answer *a, bool echoed)
{
	const struct question *q = a->question;

	wire_set_16(&a->w, 0, q->id);
	wire_set_16(&a->w, 2, FLAG_QR | (q->flags & (FLAG_OPCODE | FLAG_RD)) | a->flags | (a->rcode & 15));
	wire_set_16(&a->w, 4, echoed);
	wire_set_16(&a->w, HEADER_ANSWERS, a->answer_count);
	wire_set_16(&a->w, HEADER_AUTHORITY, a->authority_count);
	wire_set_16(&a->w, HEADER_ADDITIONAL, q->edns);
}

static size_t reply_room(const struct question *q, bool tcp, size_t room)
{
	size_t limit = tcp ? RESPOND_TCP_MAX : PLAIN_UDP_MAX;

	if (!tcp && q->edns && q->edns_size > PLAIN_UDP_MAX)
		limit = q->edns_size < RESPOND_UDP_MAX ? q->edns_size : RESPOND_UDP_MAX;
	if (limit > room)
		limit = room;
	return limit - (q->edns ? OPT_SIZE : 0);
}

static size_t respond_error(struct answer *a, unsigned rcode)
{
	struct question q = { .id = a->question->id, .flags = a->question->flags };

	a->question = &q;
	a->rcode = rcode;
	a->w.at = WIRE_HEADER;
	write_header(a, false);
	return WIRE_HEADER;
}

size_t nameserver_respond(const struct zones *z, struct answers *answers, const uint8_t *query, size_t length,
	bool tcp, uint8_t *reply, size_t room)
{
	struct wire_reader r = { .bytes = query, .length = length };
	struct question q;
	struct answer a = { .zones = z, .answers = answers, .question = &q, .w = { .bytes = reply, .room = room } };

	if (length < WIRE_HEADER)
		return 0;
	q.id = wire_read_16(&r);
	q.flags = wire_read_16(&r);
	q.edns = q.edns_do = false;
	q.edns_version = 0;
	q.edns_size = 0;
	if (q.flags & FLAG_QR)
		return 0;
	if (q.flags & FLAG_OPCODE)
		return respond_error(&a, NOTIMP);
	if (!read_question(&r, &q))
		return respond_error(&a, FORMERR);
	a.w.room = reply_room(&q, tcp, room);
	a.w.at = WIRE_HEADER;
	wire_write(&a.w, query + WIRE_HEADER, q.end - WIRE_HEADER);
	a.whole = a.w.at;
	if (q.edns_version)
		a.rcode = BADVERS;
	else
		write_sections(&a);
	if (a.w.failed)
		cut(&a, tcp);
	if (q.edns) {
		a.w.room += OPT_SIZE;
		write_opt(&a);
	}
	write_header(&a, true);
	return a.w.at;
}

size_t nameserver_truncate(uint8_t *reply, size_t length)
{
	struct wire_reader r = { .bytes = reply, .length = length };

	wire_skip(&r, WIRE_HEADER);
	if (reply[5] == 1) { /* a question is echoed */
		wire_skip_name(&r);
		wire_skip(&r, 4);
	}
	if (r.failed)
		return 0;
	reply[2] |= FLAG_TC >> 8;
	memset(reply + HEADER_ANSWERS, 0, WIRE_HEADER - HEADER_ANSWERS);
	return r.at;
}

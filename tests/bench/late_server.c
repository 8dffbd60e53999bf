/* Authoritative servers that show what they took late, on all addresses of 127.0.0.0/8 at once, for measuring:
 *   bench_late_server
 * Zone z<N>.example.com has the servers ns1 to ns4 with the addresses 127.1.<N>.1 to 127.1.<N>.4; all other addresses play a resolver
 * that knows everything, and 127.0.53.1 the root. UPDATE of a TXT record is taken at once, unsigned, at any address. What is then
 * shown depends on the first label below _acme-challenge: "d<ms>-…" appears on the fourth server so many milliseconds after it
 * was taken, and at once on the other three; "h…" appears everywhere when told; all else at once.
 *
 * Commands on the standard input: "show" lets the "h…" names appear; "report" prints, up to a line ".":
 *   name FQDN TAKEN_MS SHOWN_MS ASKED_MOST ASKED_ALL WITNESS_MS   (the witness is who asks 127.0.0.2: the authority)
 *   address ADDRESS ASKED PEAK                                    (the most questions within any second)
 * "forget" sets the counters back. Times are those of the wall clock. */
#include <arpa/inet.h>
#include <ctype.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include <uthash.h>

#define PORT 53
#define SERVERS 4
#define PEAK_MAX 4096          /* questions within a second that are told apart */
#define PREFIX "_acme-challenge."
#define SUFFIX ".example.com"   /* a resolver keeps questions about .test to itself */
#define WITNESS 0x7f000002u    /* 127.0.0.2 */
#define ROOT 0x7f003501u       /* 127.0.53.1 */

enum { A = 1, NS = 2, SOA = 6, TXT = 16, IN = 1, FORMERR = 1, NXDOMAIN = 3 };

/* One identifier. */
struct name {
	char key[256];
	char value[256];           /* "": none */
	int64_t taken_ms, witness_ms;
	unsigned asked[SERVERS];   /* anything at or below it */
	UT_hash_handle hh;
};

struct place {
	uint32_t key;
	unsigned asked, peak, at;
	int64_t recent[PEAK_MAX];  /* a ring of times */
	UT_hash_handle hh;
};

struct packet {
	unsigned char *in;
	size_t length;
	unsigned char out[4096];
	size_t used;
	uint32_t to;               /* the address that was asked */
	int qtype;
	char qname[256], zone[64]; /* zone: the one that holds qname, or "" */
	unsigned number;           /* of the zone */
};

static struct name *names;
static struct place *places;
static int64_t told_ms;        /* when "show" came */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static int64_t wall_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* ---- what is known ---- */

static struct name *name_of(const char *key, bool make)
{
	struct name *n;

	HASH_FIND_STR(names, key, n);
	if (!n && make) {
		n = calloc(1, sizeof(*n));
		snprintf(n->key, sizeof(n->key), "%s", key);
		HASH_ADD_STR(names, key, n);
	}
	return n;
}

/* When the last server shows it; 0: not yet known. */
static int64_t shown_ms(const struct name *n)
{
	if (n->key[0] == 'h')
		return told_ms;
	return n->taken_ms + (n->key[0] == 'd' ? atoi(n->key + 1) : 0);
}

static bool is_shown(const struct name *n, unsigned server)
{
	int64_t last = shown_ms(n);

	if (!n->value[0] || !last)
		return false;
	return (n->key[0] == 'd' && server < SERVERS) || wall_ms() >= last;
}

static void count_place(uint32_t address)
{
	int64_t now = wall_ms();
	struct place *p;
	unsigned within = 0;

	HASH_FIND(hh, places, &address, sizeof(address), p);
	if (!p) {
		p = calloc(1, sizeof(*p));
		p->key = address;
		HASH_ADD(hh, places, key, sizeof(p->key), p);
	}
	p->asked++;
	p->recent[p->at++ % PEAK_MAX] = now;
	while (within < PEAK_MAX && within < p->asked && now - p->recent[(p->at - 1 - within) % PEAK_MAX] < 1000)
		within++;
	if (within > p->peak)
		p->peak = within;
}

/* ---- messages ---- */

/* Returns the offset behind the name, or 0. */
static size_t name_read(const unsigned char *m, size_t length, size_t at, char ret[256])
{
	size_t end = 0, used = 0;

	for (int steps = 0; at < length && steps < 128; steps++) {
		unsigned n = m[at];

		if (n >= 0xc0) {
			if (at + 1 >= length)
				return 0;
			end = end ? end : at + 2;
			at = (n & 0x3f) << 8 | m[at + 1];
			continue;
		}
		if (!n) {
			ret[used ? used - 1 : 0] = '\0';
			return end ? end : at + 1;
		}
		if (at + 1 + n > length || used + n + 2 > 256)
			return 0;
		for (unsigned i = 0; i < n; i++)
			ret[used++] = (char)tolower(m[at + 1 + i]);
		ret[used++] = '.';
		at += 1 + n;
	}
	return 0;
}

static int get16(const unsigned char *at)
{
	return at[0] << 8 | at[1];
}

static void put(struct packet *p, const void *data, size_t length)
{
	if (p->used + length <= sizeof(p->out)) {
		memcpy(p->out + p->used, data, length);
		p->used += length;
	}
}

static void put16(struct packet *p, int number)
{
	put(p, (unsigned char[]){ (unsigned char)(number >> 8), (unsigned char)number }, 2);
}

static void put_name(struct packet *p, const char *name)
{
	while (*name) {
		size_t n = strcspn(name, ".");

		put(p, &(unsigned char){ (unsigned char)n }, 1);
		put(p, name, n);
		name += n + (name[n] == '.');
	}
	put(p, "", 1);
}

/* Counted in the section whose counter is at `section` (6, 8 or 10). Returns where the length of its data stands. */
static size_t begin_record(struct packet *p, size_t section, const char *owner, int type)
{
	put_name(p, owner);
	put16(p, type);
	put16(p, IN);
	put(p, type == TXT ? "\0\0\0\5" : "\0\0\x0e\x10", 4);
	put16(p, 0);
	p->out[section + 1]++;
	return p->used - 2;
}

static void end_record(struct packet *p, size_t at)
{
	size_t length = p->used - at - 2;

	p->out[at] = (unsigned char)(length >> 8);
	p->out[at + 1] = (unsigned char)length;
}

static void put_soa(struct packet *p, size_t section, const char *zone)
{
	size_t at = begin_record(p, section, zone, SOA);
	char host[80];

	snprintf(host, sizeof(host), "ns1.%s", zone);
	put_name(p, host);
	put_name(p, host);
	put(p, "\0\0\0\1\0\0\x0e\x10\0\0\2\x58\0\1\x51\x80\0\0\0\5", 20);
	end_record(p, at);
}

static void put_a(struct packet *p, size_t section, const char *host, unsigned number, unsigned server)
{
	size_t at = begin_record(p, section, host, A);

	put(p, (unsigned char[]){ 127, 1, (unsigned char)number, (unsigned char)server }, 4);
	end_record(p, at);
}

static void put_ns(struct packet *p, size_t section)
{
	char host[80];

	for (unsigned i = 1; i <= SERVERS; i++) {
		size_t at = begin_record(p, section, p->zone, NS);

		snprintf(host, sizeof(host), "ns%u.%s", i, p->zone);
		put_name(p, host);
		end_record(p, at);
	}
	for (unsigned i = 1; i <= SERVERS; i++) {
		snprintf(host, sizeof(host), "ns%u.%s", i, p->zone);
		put_a(p, 10, host, p->number, i);
	}
}

/* ---- questions ---- */

/* "x.z7.example.com": the zone and its number. */
static void find_zone(struct packet *p)
{
	size_t length = strlen(p->qname), end = strlen(SUFFIX);
	char *start = p->qname + length - end;

	p->zone[0] = '\0';
	if (length <= end || strcmp(start, SUFFIX) != 0)
		return;
	while (start > p->qname && start[-1] != '.')
		start--;
	if (*start != 'z' || strlen(start) >= sizeof(p->zone))
		return;
	p->number = (unsigned)atoi(start + 1);
	snprintf(p->zone, sizeof(p->zone), "%s", start);
}

static void put_root_address(struct packet *p, size_t section)
{
	size_t at = begin_record(p, section, "ns1.", A);

	put(p, (unsigned char[]){ 127, 0, 53, 1 }, 4);
	end_record(p, at);
}

static void answer_root(struct packet *p)
{
	if (p->zone[0]) {
		p->out[2] &= (unsigned char)~4; /* a referral */
		put_ns(p, 8);
	} else if (!p->qname[0] && p->qtype == NS) {
		size_t at = begin_record(p, 6, "", NS);

		put_name(p, "ns1.");
		end_record(p, at);
		put_root_address(p, 10);
	} else if (strcmp(p->qname, "ns1") == 0 && p->qtype == A) {
		put_root_address(p, 6);
	} else {
		put_soa(p, !p->qname[0] && p->qtype == SOA ? 6 : 8, "");
	}
}

static bool answer_apex(struct packet *p)
{
	unsigned server = 0;

	if (strcmp(p->qname, p->zone) == 0) {
		if (p->qtype == SOA)
			put_soa(p, 6, p->zone);
		else if (p->qtype == NS)
			put_ns(p, 6);
		else
			put_soa(p, 8, p->zone);
		return true;
	}
	if (sscanf(p->qname, "ns%1u.z", &server) != 1 || server < 1 || server > SERVERS)
		return false;
	if (p->qtype == A)
		put_a(p, 6, p->qname, p->number, server);
	else
		put_soa(p, 8, p->zone);
	return true;
}

static void answer_challenge(struct packet *p, struct name *n, unsigned server)
{
	if (!n || !is_shown(n, server)) {
		p->out[3] |= NXDOMAIN;
		put_soa(p, 8, p->zone);
	} else if (p->qtype == TXT) {
		size_t at = begin_record(p, 6, p->qname, TXT);

		put(p, &(unsigned char){ (unsigned char)strlen(n->value) }, 1);
		put(p, n->value, strlen(n->value));
		end_record(p, at);
	} else {
		put_soa(p, 8, p->zone);
	}
}

static void answer(struct packet *p)
{
	bool challenge = strncmp(p->qname, PREFIX, strlen(PREFIX)) == 0, own = p->to >> 16 == 0x7f01;
	unsigned server = own ? p->to & 0xff : SERVERS;
	struct name *n;

	find_zone(p);
	if (p->to == ROOT || !p->zone[0])
		return answer_root(p);
	if (answer_apex(p))
		return;
	n = name_of(p->qname + (challenge ? strlen(PREFIX) : 0), true);
	if (own && server >= 1 && server <= SERVERS)
		n->asked[server - 1]++;
	if (p->to == WITNESS && challenge && !n->witness_ms)
		n->witness_ms = wall_ms();
	if (challenge)
		answer_challenge(p, n, server);
	else
		put_soa(p, 8, p->zone); /* the name is there, without records */
}

/* ---- updates ---- */

/* One record of an UPDATE; returns the offset behind it, or 0. */
static size_t take_record(const struct packet *p, size_t at)
{
	char owner[256];
	int type, class, length;
	struct name *n;

	at = name_read(p->in, p->length, at, owner);
	if (!at || at + 10 > p->length)
		return 0;
	type = get16(p->in + at);
	class = get16(p->in + at + 2);
	length = get16(p->in + at + 8);
	at += 10;
	if (at + (size_t)length > p->length)
		return 0;
	if (type == TXT && strncmp(owner, PREFIX, strlen(PREFIX)) == 0) {
		n = name_of(owner + strlen(PREFIX), true);
		n->value[0] = '\0';
		if (class == IN && length > 1) {
			snprintf(n->value, sizeof(n->value), "%.*s", p->in[at] < length ? p->in[at] : 0, (const char *)p->in + at + 1);
			n->taken_ms = wall_ms();
		}
	}
	return at + (size_t)length;
}

/* Prerequisites hold. */
static void take_update(struct packet *p, size_t at)
{
	int before = get16(p->in + 6), count = get16(p->in + 8);
	char owner[256];

	for (int i = 0; i < before && at; i++) {
		at = name_read(p->in, p->length, at, owner);
		if (at && at + 10 <= p->length)
			at += 10 + (size_t)get16(p->in + at + 8);
	}
	for (int i = 0; i < count && at; i++)
		at = take_record(p, at);
	if (!at)
		p->out[3] |= FORMERR;
}

/* ---- one message ---- */

static void respond(struct packet *p)
{
	bool update;
	size_t at;

	p->used = 0;
	if (p->length < 17 || (p->in[2] & 0x80))
		return;
	at = name_read(p->in, p->length, 12, p->qname);
	if (!at || at + 4 > p->length)
		return;
	p->qtype = get16(p->in + at);
	update = (p->in[2] >> 3 & 15) == 5;
	put(p, p->in, 12);
	p->out[2] = (unsigned char)(0x80 | (p->in[2] & 0x79) | 4); /* QR, AA */
	p->out[3] = p->to == ROOT || p->to >> 16 == 0x7f01 ? 0 : 0x80; /* RA */
	memset(p->out + 4, 0, 8);
	p->out[5] = 1;
	put(p, p->in + 12, at + 4 - 12);
	pthread_mutex_lock(&lock);
	if (update) {
		take_update(p, at + 4);
	} else {
		count_place(p->to);
		answer(p);
	}
	pthread_mutex_unlock(&lock);
	if (!update && get16(p->in + 10)) {
		put(p, "\0\0\x29\x04\xd0\0\0\0\0\0\0", 11);
		p->out[11]++;
	}
}

/* ---- UDP ---- */

static uint32_t asked_address(struct msghdr *m)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c))
		if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
			struct in_pktinfo *info = (struct in_pktinfo *)CMSG_DATA(c);
			uint32_t address = ntohl(info->ipi_addr.s_addr);

			info->ipi_spec_dst = info->ipi_addr; /* the answer comes from there */
			info->ipi_ifindex = 0;
			return address;
		}
	return 0;
}

static void *serve_udp(void *arg)
{
	static unsigned char in[65536];
	static struct packet p;
	int fd = *(int *)arg;

	for (;;) {
		_Alignas(struct cmsghdr) char control[128];
		struct sockaddr_in from;
		struct iovec io = { in, sizeof(in) };
		struct msghdr m = { .msg_name = &from, .msg_namelen = sizeof(from), .msg_iov = &io, .msg_iovlen = 1,
		                    .msg_control = control, .msg_controllen = sizeof(control) };
		ssize_t n = recvmsg(fd, &m, 0);

		if (n <= 0)
			continue;
		p.in = in;
		p.length = (size_t)n;
		p.to = asked_address(&m);
		respond(&p);
		io = (struct iovec){ p.out, p.used };
		if (p.used)
			sendmsg(fd, &m, 0);
	}
	return NULL;
}

/* ---- TCP ---- */

static bool read_all(int fd, unsigned char *to, size_t length)
{
	while (length) {
		ssize_t n = read(fd, to, length);

		if (n <= 0)
			return false;
		to += n;
		length -= (size_t)n;
	}
	return true;
}

static void *serve_connection(void *arg)
{
	int fd = (int)(intptr_t)arg;
	struct sockaddr_in here;
	struct packet *p = calloc(1, sizeof(*p));
	unsigned char head[2];

	p->in = malloc(65536);
	getsockname(fd, (struct sockaddr *)&here, &(socklen_t){ sizeof(here) });
	p->to = ntohl(here.sin_addr.s_addr);
	while (read_all(fd, head, 2) && read_all(fd, p->in, p->length = (size_t)get16(head))) {
		respond(p);
		memmove(p->out + 2, p->out, p->used < sizeof(p->out) - 2 ? p->used : sizeof(p->out) - 2);
		p->out[0] = (unsigned char)(p->used >> 8);
		p->out[1] = (unsigned char)p->used;
		if (!p->used || write(fd, p->out, p->used + 2) < 0)
			break;
	}
	close(fd);
	free(p->in);
	free(p);
	return NULL;
}

static void *serve_tcp(void *arg)
{
	int fd = *(int *)arg;

	for (;;) {
		int peer = accept(fd, NULL, NULL);
		pthread_t thread;

		if (peer >= 0 && pthread_create(&thread, NULL, serve_connection, (void *)(intptr_t)peer) == 0)
			pthread_detach(thread);
	}
	return NULL;
}

/* ---- commands ---- */

static void report(void)
{
	struct name *n, *more;
	struct place *p, *next;

	HASH_ITER(hh, names, n, more) {
		unsigned most = 0, all = 0;

		for (int i = 0; i < SERVERS; i++) {
			most = n->asked[i] > most ? n->asked[i] : most;
			all += n->asked[i];
		}
		printf("name %s %lld %lld %u %u %lld\n", n->key, (long long)n->taken_ms, (long long)shown_ms(n), most, all,
		       (long long)n->witness_ms);
	}
	HASH_ITER(hh, places, p, next)
		printf("address %u.%u.%u.%u %u %u\n", p->key >> 24, p->key >> 16 & 255, p->key >> 8 & 255, p->key & 255, p->asked, p->peak);
}

static void forget(void)
{
	struct name *n, *more;
	struct place *p, *next;

	HASH_ITER(hh, names, n, more)
		memset(n->asked, 0, sizeof(n->asked));
	HASH_ITER(hh, places, p, next)
		p->asked = p->peak = p->at = 0;
}

static void obey(const char *command)
{
	pthread_mutex_lock(&lock);
	if (strcmp(command, "show\n") == 0)
		told_ms = wall_ms();
	else if (strcmp(command, "report\n") == 0)
		report();
	else if (strcmp(command, "forget\n") == 0)
		forget();
	pthread_mutex_unlock(&lock);
	puts(".");
	fflush(stdout);
}

static int listen_at(int type)
{
	struct sockaddr_in any = { .sin_family = AF_INET, .sin_port = htons(PORT) };
	int fd = socket(AF_INET, type, 0);

	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &(int){ 8 << 20 }, sizeof(int));
	setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &(int){ 1 }, sizeof(int));
	if (bind(fd, (struct sockaddr *)&any, sizeof(any)) < 0 || (type == SOCK_STREAM && listen(fd, 1024) < 0)) {
		perror("port 53");
		exit(1);
	}
	return fd;
}

int main(void)
{
	int udp = listen_at(SOCK_DGRAM), tcp = listen_at(SOCK_STREAM);
	char command[64];
	pthread_t threads[2];

	pthread_create(&threads[0], NULL, serve_udp, &udp);
	pthread_create(&threads[1], NULL, serve_tcp, &tcp);
	obey("");
	while (fgets(command, sizeof(command), stdin))
		obey(command);
	return 0;
}

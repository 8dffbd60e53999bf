/* The responder or the name server alone, with many answers, for measuring: prints the address and runs
 * until its input ends.
 *   bench_serve_answers http COUNT THREADS
 *   bench_serve_answers dns COUNT WORKERS */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "solver/nameserver/nameserver.h"
#include "webroot/responder.h"

#define VALUE "gfj9Xq-Rg85nM_cheRnpAbzOpfGGQDK3xNVSGTeTLkw"

static const char *const listen_any[] = { "127.0.0.1:0", NULL };

static long resident_kb(void)
{
	long pages = 0, all;
	FILE *f = fopen("/proc/self/statm", "r");

	if (f && fscanf(f, "%ld %ld", &all, &pages) != 2)
		pages = 0;
	if (f)
		fclose(f);
	return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

static void fill_http(struct answers *a, int count)
{
	char token[64], body[128];

	for (int i = 0; i < count; i++) {
		snprintf(token, sizeof(token), "evaGxfADs6pSRb2LAv9IZf17Dt3juxGJ-PCt9%06d", i);
		snprintf(body, sizeof(body), "%s.%s", token, VALUE);
		answers_set_http(a, "www.example.com", token, body);
	}
}

static void fill_dns(struct answers *a, int count)
{
	char name[64];

	for (int i = 0; i < count; i++) {
		snprintf(name, sizeof(name), "_acme-challenge.n%06d.bench.example", i);
		answers_set_dns(a, name, VALUE);
	}
}

static void run_until_input_ends(const char *bound)
{
	printf("%s\n", bound);
	fflush(stdout);
	while (getchar() != EOF)
		;
}

static int serve_http(struct answers *a, unsigned threads, struct err *err)
{
	struct responder_options o = { .listen = listen_any, .threads = threads };
	struct responder *r;

	if (responder_start(&o, a, &r, err) < 0)
		return 1;
	run_until_input_ends(responder_bound(r, 0));
	responder_stop(r);
	return 0;
}

static int serve_dns(struct answers *a, unsigned workers, struct err *err)
{
	static const char *const zones[] = { "bench.example", NULL }, *const servers[] = { "ns1.bench.example 127.0.0.1", NULL };
	struct nameserver_options o = { .listen = listen_any, .zones = zones, .name_servers = servers, .workers = workers };
	struct nameserver *ns;

	if (nameserver_start(&o, a, &ns, err) < 0)
		return 1;
	run_until_input_ends(nameserver_bound(ns, 0));
	nameserver_stop(ns);
	return 0;
}

int main(int argc, char **argv)
{
	struct answers *a = answers_new();
	struct err err = { 0 };
	bool http = argc == 4 && strcmp(argv[1], "http") == 0;
	long before = resident_kb();
	int count, code;

	if (argc != 4 || (!http && strcmp(argv[1], "dns") != 0))
		return fprintf(stderr, "usage: %s http|dns COUNT THREADS\n", argv[0]), 2;
	count = atoi(argv[2]);
	http ? fill_http(a, count) : fill_dns(a, count);
	fprintf(stderr, "%d answers, %ld bytes each\n", count, count ? (resident_kb() - before) * 1024 / count : 0);
	code = http ? serve_http(a, atoi(argv[3]), &err) : serve_dns(a, atoi(argv[3]), &err);
	if (code)
		fprintf(stderr, "%s\n", err.text);
	answers_free(a);
	return code;
}

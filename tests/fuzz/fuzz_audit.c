/* links: dcvd_api */
/* The chain of the audit log: whatever callers put into an entry, its line is one line and the next of the chain; a line that is not
 * is refused with a sentence. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "solver/api/audit/audit.h"
#include "solver/api/audit/audit_chain.h"
#include "solver/base/mem.h"

#define NEED(what) ((what) ? (void)0 : fault(#what))

static void fault(const char *what)
{
	fprintf(stderr, "not so: %s\n", what);
	abort();
}

/* `words`: client, peer, action, name, result, detail, one a line. */
static void write_entry(struct audit_chain *writer, struct audit_chain *reader, char *words)
{
	struct audit_event event = { .door = "rest" };
	const char **slots[] = { &event.client, &event.peer, &event.action, &event.name, &event.result, &event.detail };
	CLEANUP(mem_freep) char *line = NULL;
	struct err err = { 0 };

	for (size_t i = 0; i < ARRAY_LEN(slots); i++)
		*slots[i] = strsep(&words, "\n");
	line = audit_chain_add(writer, &event, 1700000000000);
	NEED(line && !strpbrk(line, "\r\n"));
	NEED(audit_chain_check(reader, line, writer->digest, &err) == 0 && strcmp(reader->digest, writer->digest) == 0);
}

static void read_line(const struct audit_chain *chain, const char *line)
{
	struct audit_chain at = *chain;
	struct err err = { 0 };

	if (audit_chain_check(&at, line, NULL, &err) == 0)
		NEED(at.number == chain->number + 1 && strstr(line, chain->digest));
	else
		NEED(err.code == ERR_CONFLICT && *err.text && at.number == chain->number && strcmp(at.digest, chain->digest) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(mem_freep) char *words = mem_dup_n((const char *)data, size), *line = mem_dup(words);
	struct audit_chain writer = { 0 }, reader = { 0 };

	read_line(&writer, line);
	write_entry(&writer, &reader, words);
	read_line(&writer, line);
	return 0;
}

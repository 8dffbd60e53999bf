#include "solver/base/secret.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "solver/base/log.h"
#include "solver/base/mem.h"

/* The text has pages of its own, so that nothing else shares what is locked and left out of core dumps. */
struct secret {
	size_t length, size;
	char *text;
};

static size_t pages_for(size_t bytes)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	return (bytes + page - 1) / page * page;
}

/* One warning is enough: the limit is the same for all. (Sanitizers make nothing of mlock(), but not of mlock2().) */
static void lock(char *text, size_t size)
{
	static atomic_flag told = ATOMIC_FLAG_INIT;

	madvise(text, size, MADV_DONTDUMP);
	if (mlock2(text, size, 0) < 0 && !atomic_flag_test_and_set(&told))
		log_event(LOG_WARNING, "secrets may be written to swap: the limit of locked memory is too low (LimitMEMLOCK=, ulimit -l)", NULL);
}

static char *pages_new(size_t size)
{
	char *text = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (text == MAP_FAILED)
		abort(); /* as mem_new() */
	lock(text, size);
	return text;
}

struct secret *secret_new(const char *text)
{
	struct secret *s;

	if (!text)
		return NULL;
	s = mem_new(1, sizeof(*s));
	s->length = strlen(text);
	s->size = pages_for(s->length + 1);
	s->text = pages_new(s->size);
	memcpy(s->text, text, s->length + 1);
	return s;
}

void secret_free(struct secret *s)
{
	if (!s)
		return;
	explicit_bzero(s->text, s->length);
	munmap(s->text, s->size);
	free(s);
}

const char *secret_reveal(const struct secret *s)
{
	return s ? s->text : "";
}

#include "solver/engine/publication.h"

#include <stdlib.h>

#include "solver/base/mem.h"
#include "solver/check/poll.h"

void delivery_begin(struct publication *p)
{
	if (!p->delivery)
		p->delivery = mem_new(1, sizeof(*p->delivery));
}

void delivery_end(struct publication *p)
{
	if (!p->delivery)
		return;
	location_free(p->delivery->location);
	free(p->delivery);
	p->delivery = NULL;
}

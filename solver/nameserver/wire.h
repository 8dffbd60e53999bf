/* Bounded reading and writing of DNS messages (RFC 1035 section 4). A read past the end or a write past
 * the room sets `failed` and does nothing; check once, at the end. */
#ifndef SOLVER_NAMESERVER_WIRE_H
#define SOLVER_NAMESERVER_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WIRE_HEADER 12
#define WIRE_NAME_MAX 255
#define WIRE_TEXT_SIZE 1025 /* 255 bytes, each at worst as "\ddd" */
#define WIRE_LABELS_MAX 128

struct wire_reader {
	const uint8_t *bytes;
	size_t length, at;
	bool failed;
};

struct wire_writer {
	uint8_t *bytes;
	size_t room, at;
	bool failed;
};

/* A name as text in lower case; bytes that no published name holds stand as "\ddd", so that a dot inside a
 * label cannot be taken for the border of two. label[i] is where label i starts, in the text and on the wire. */
struct wire_name {
	char text[WIRE_TEXT_SIZE];
	uint16_t text_at[WIRE_LABELS_MAX];
	uint8_t wire_at[WIRE_LABELS_MAX];
	unsigned labels;
};

uint8_t wire_read_8(struct wire_reader *r);
uint16_t wire_read_16(struct wire_reader *r);
uint32_t wire_read_32(struct wire_reader *r);
void wire_skip(struct wire_reader *r, size_t length);
/* A name without compression, as a question has it. */
void wire_read_name(struct wire_reader *r, struct wire_name *name);
/* Past a name that may end in a pointer, which is not followed. */
void wire_skip_name(struct wire_reader *r);

void wire_write_8(struct wire_writer *w, uint8_t value);
void wire_write_16(struct wire_writer *w, uint16_t value);
void wire_write_32(struct wire_writer *w, uint32_t value);
void wire_write(struct wire_writer *w, const void *bytes, size_t length);
/* A name from text ("a.b", "" for the root) that holds no escapes. */
void wire_write_name(struct wire_writer *w, const char *text);
/* Overwrites two bytes written before. */
void wire_set_16(struct wire_writer *w, size_t at, uint16_t value);

#endif

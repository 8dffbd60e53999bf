/* Enrollments in files: YAML or JSON. */
#ifndef SOLVER_CLI_CPS_FILE_H
#define SOLVER_CLI_CPS_FILE_H

#include <jansson.h>
#include <stdio.h>

struct desk;

/* An object from a file ("-": standard input); gives. NULL: it is printed why not. */
json_t *cps_file_read(const char *file);
/* As YAML, members in the order that they have. */
void cps_file_print(const json_t *enrollment, FILE *out);

#endif

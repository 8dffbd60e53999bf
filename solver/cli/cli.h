/* The commands: one file each; those of several files have a folder. */
#ifndef SOLVER_CLI_CLI_H
#define SOLVER_CLI_CLI_H

#include "solver/cli/common/common.h"

int cli_serve(int argc, char **argv);
int cli_check(int argc, char **argv);
int cli_present(int argc, char **argv);
int cli_cleanup(int argc, char **argv);
int cli_forget(int argc, char **argv);
int cli_solve(int argc, char **argv);
int cli_list(int argc, char **argv);
int cli_describe(int argc, char **argv);
int cli_delegate(int argc, char **argv);
int cli_client(int argc, char **argv);
int cli_audit(int argc, char **argv);
int cli_journal(int argc, char **argv);
int cli_acme_dns(int argc, char **argv);
int cli_providers(int argc, char **argv);
int cli_config(int argc, char **argv);
int cli_version(int argc, char **argv);

#endif

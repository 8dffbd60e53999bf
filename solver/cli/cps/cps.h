/* The command `dcvd cps`. */
#ifndef SOLVER_CLI_CPS_H
#define SOLVER_CLI_CPS_H

int cli_cps(int argc, char **argv);

#endif

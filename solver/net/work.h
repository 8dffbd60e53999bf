/* What takes long and needs no loop (a password digest) on libuv's worker threads. */
#ifndef SOLVER_NET_WORK_H
#define SOLVER_NET_WORK_H

#include "solver/base/err.h"
#include "solver/net/loop.h"

#define WORK_MAX 256 /* pieces that run or wait, all together */

/* `run` on a worker thread, which touches nothing but `arg`; then `done` on the loop thread, once, also while the loop is
 * being freed. ERR_BUSY when WORK_MAX wait already: neither is called. From the loop thread. */
int work_start(struct loop *l, void (*run)(void *arg), void (*done)(void *arg), void *arg, struct err *err);

#endif

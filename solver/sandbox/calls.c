#include "solver/sandbox/calls.h"

#include <errno.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "solver/base/mem.h"

static const char *const allowed[] = {
	/* files */
	"access", "chdir", "chmod", "chown", "chown32", "close", "close_range", "copy_file_range", "creat", "dup", "dup2", "dup3", "faccessat", "faccessat2",
	"fadvise64", "fadvise64_64", "arm_fadvise64_64", "fallocate", "fchdir", "fchmod", "fchmodat", "fchmodat2", "fchown", "fchown32", "fchownat", "fcntl", "fcntl64", "fdatasync",
	"fgetxattr", "flistxattr", "flock", "fremovexattr", "fsetxattr", "fstat", "fstat64", "fstatat64", "fstatfs", "fstatfs64", "fsync", "ftruncate",
	"ftruncate64", "futimesat", "getcwd", "getdents", "getdents64", "getxattr", "inotify_add_watch", "inotify_init", "inotify_init1", "inotify_rm_watch",
	"ioctl", "lchown", "lchown32", "lgetxattr", "link", "linkat", "listxattr", "llistxattr", "lremovexattr", "lseek", "_llseek", "lsetxattr", "lstat",
	"lstat64", "mkdir", "mkdirat", "mknod", "mknodat", "newfstatat", "open", "openat", "openat2", "pread64", "preadv", "preadv2", "pwrite64", "pwritev",
	"pwritev2", "read", "readahead", "readlink", "readlinkat", "readv", "removexattr", "rename", "renameat", "renameat2", "rmdir", "sendfile", "sendfile64",
	"setxattr", "splice", "stat", "stat64", "statfs", "statfs64", "statx", "symlink", "symlinkat", "sync", "sync_file_range", "sync_file_range2", "syncfs", "tee",
	"truncate", "truncate64", "umask", "unlink", "unlinkat", "utime", "utimensat", "utimensat_time64", "utimes", "vmsplice", "write", "writev",
	/* memory */
	"brk", "cacheflush", "get_mempolicy", "madvise", "membarrier", "memfd_create", "mincore", "mlock", "mlock2", "mlockall", "mmap", "mmap2", "mprotect", "mremap",
	"msync", "munlock", "munlockall", "munmap", "pkey_alloc", "pkey_free", "pkey_mprotect", "remap_file_pages",
	/* sockets and events */
	"_newselect", "accept", "accept4", "bind", "connect", "epoll_create", "epoll_create1", "epoll_ctl", "epoll_pwait", "epoll_pwait2", "epoll_wait",
	"eventfd", "eventfd2", "getpeername", "getsockname", "getsockopt", "listen", "pipe", "pipe2", "poll", "ppoll", "ppoll_time64", "pselect6",
	"pselect6_time64", "recv", "recvfrom", "recvmmsg", "recvmmsg_time64", "recvmsg", "select", "send", "sendmmsg", "sendmsg", "sendto", "setsockopt",
	"shutdown", "socket", "socketcall", "socketpair",
	/* between processes */
	"ipc", "mq_getsetattr", "mq_notify", "mq_open", "mq_timedreceive", "mq_timedreceive_time64", "mq_timedsend", "mq_timedsend_time64", "mq_unlink",
	"msgctl", "msgget", "msgrcv", "msgsnd", "semctl", "semget", "semop", "semtimedop", "semtimedop_time64", "shmat", "shmctl", "shmdt", "shmget",
	/* processes, users that one is already, signals */
	"arch_prctl", "capget", "capset", "execve", "execveat", "exit", "exit_group", "fork", "futex", "futex_time64", "futex_waitv", "get_robust_list",
	"get_thread_area", "getcpu", "getegid", "getegid32", "geteuid", "geteuid32", "getgid", "getgid32", "getgroups", "getgroups32", "getpgid", "getpgrp",
	"getpid", "getppid", "getpriority", "getrandom", "getresgid", "getresgid32", "getresuid", "getresuid32", "getrlimit", "getrusage", "getsid", "gettid",
	"getuid", "getuid32", "ioprio_get", "ioprio_set", "kill", "landlock_add_rule", "landlock_create_ruleset", "landlock_restrict_self", "nice", "pause",
	"personality", "pidfd_open", "pidfd_send_signal", "prctl", "prlimit64", "restart_syscall", "riscv_flush_icache", "rseq", "rt_sigaction", "rt_sigpending",
	"rt_sigprocmask", "rt_sigqueueinfo", "rt_sigreturn", "rt_sigsuspend", "rt_sigtimedwait", "rt_sigtimedwait_time64", "rt_tgsigqueueinfo",
	"sched_get_priority_max", "sched_get_priority_min", "sched_getaffinity", "sched_getattr", "sched_getparam", "sched_getscheduler",
	"sched_rr_get_interval", "sched_rr_get_interval_time64", "sched_setaffinity", "sched_setattr", "sched_setparam", "sched_setscheduler", "sched_yield",
	"seccomp", "set_robust_list", "set_thread_area", "set_tid_address", "set_tls", "setfsgid", "setfsgid32", "setfsuid", "setfsuid32", "setgid", "setgid32",
	"setgroups", "setgroups32", "setpgid", "setpriority", "setregid", "setregid32", "setresgid", "setresgid32", "setresuid", "setresuid32", "setreuid",
	"setreuid32", "setrlimit", "setsid", "setuid", "setuid32", "sigaction", "sigaltstack", "signalfd", "signalfd4", "sigpending", "sigprocmask", "sigreturn",
	"sigsuspend", "sysinfo", "tgkill", "times", "tkill", "ugetrlimit", "uname", "vfork", "wait4", "waitid", "waitpid",
	/* time */
	"alarm", "clock_getres", "clock_getres_time64", "clock_gettime", "clock_gettime64", "clock_nanosleep", "clock_nanosleep_time64", "getitimer",
	"gettimeofday", "nanosleep", "setitimer", "time", "timer_create", "timer_delete", "timer_getoverrun", "timer_gettime", "timer_gettime64",
	"timer_settime", "timer_settime64", "timerfd_create", "timerfd_gettime", "timerfd_gettime64", "timerfd_settime", "timerfd_settime64",
};

static const char *const deadly[] = {
	"bpf", "clock_settime", "clock_settime64", "delete_module", "finit_module", "fsconfig", "fsmount", "fsopen", "init_module", "ioperm", "iopl", "kexec_file_load",
	"kexec_load", "mount", "mount_setattr", "move_mount", "open_tree", "perf_event_open", "pivot_root", "process_vm_readv", "process_vm_writev", "reboot",
	"settimeofday", "swapoff", "swapon", "umount", "umount2",
};

static const char *const tracing[] = { "ptrace" };
#ifdef __SANITIZE_ADDRESS__ /* its leak check stops the threads with it */
#define TRACING SCMP_ACT_ALLOW
#else
#define TRACING SCMP_ACT_KILL_PROCESS
#endif

static const char *const refused[] = { "unshare", "setns", "chroot" };

/* A name that this architecture or this libseccomp does not know needs no rule. */
static int add(scmp_filter_ctx filter, uint32_t action, const char *const *names, size_t count)
{
	int code = 0;

	for (size_t i = 0; code >= 0 && i < count; i++) {
		int call = seccomp_syscall_resolve_name(names[i]);

		if (call >= 0)
			code = seccomp_rule_add(filter, action, call, 0);
	}
	return code;
}

/* New namespaces give a user powers inside that reach much of the kernel. clone3() has its flags in memory, where no filter looks; without
 * it the C library takes clone(). */
static int allow_clone(scmp_filter_ctx filter)
{
	const uint64_t spaces = CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP;

	return seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1, SCMP_A0(SCMP_CMP_MASKED_EQ, spaces, 0));
}

static int fill(scmp_filter_ctx filter)
{
	int code = add(filter, SCMP_ACT_ALLOW, allowed, ARRAY_LEN(allowed));

	seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
	seccomp_attr_set(filter, SCMP_FLTATR_CTL_SSB, 1); /* else old kernels slow the process down */
	if (code >= 0)
		code = add(filter, SCMP_ACT_KILL_PROCESS, deadly, ARRAY_LEN(deadly));
	if (code >= 0)
		code = add(filter, TRACING, tracing, ARRAY_LEN(tracing));
	if (code >= 0)
		code = add(filter, SCMP_ACT_ERRNO(EPERM), refused, ARRAY_LEN(refused));
	return code >= 0 ? allow_clone(filter) : code;
}

int calls_filter(struct err *err)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(ENOSYS));
	int code = filter ? fill(filter) : -ENOMEM;

	if (code >= 0)
		code = seccomp_load(filter);
	if (filter)
		seccomp_release(filter);
	errno = -code;
	return code < 0 ? err_errno(err, "filter system calls") : 0;
}

bool calls_filtered(void)
{
	return prctl(PR_GET_SECCOMP) > 0;
}

bool calls_survive(void (*attempt)(void))
{
	int status = 0;
	pid_t child = fork();

	if (child == 0) {
		attempt();
		_exit(0);
	}
	while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	return child > 0 && WIFEXITED(status);
}

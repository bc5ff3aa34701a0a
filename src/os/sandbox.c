#include "os/sandbox.h"

#include <errno.h>
#include <grp.h>
#include <linux/landlock.h>
#include <malloc.h>
#include <seccomp.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/obj.h"
#include "os/memory.h"

void
sandbox_begin(void)
{
	dumps_off();
	(void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	(void)signal(SIGPIPE, SIG_IGN);
	/*
	 * glibc reads /proc/sys/vm/overcommit_memory when it gives back memory
	 * of a thread's own arena: behind the fence that would end us.
	 */
	(void)mallopt(M_ARENA_MAX, 1);
}

/* Every role. */
static const int common[] = { SCMP_SYS(read), SCMP_SYS(write), SCMP_SYS(readv),
	SCMP_SYS(writev), SCMP_SYS(close), SCMP_SYS(fstat), SCMP_SYS(lseek),
	SCMP_SYS(brk), SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(madvise),
	SCMP_SYS(mlock), SCMP_SYS(munlock), SCMP_SYS(futex),
	SCMP_SYS(clock_gettime), SCMP_SYS(clock_nanosleep),
	SCMP_SYS(gettimeofday), SCMP_SYS(getrandom), SCMP_SYS(getpid),
	SCMP_SYS(gettid), SCMP_SYS(exit), SCMP_SYS(exit_group),
	SCMP_SYS(rt_sigaction), SCMP_SYS(rt_sigprocmask),
	SCMP_SYS(rt_sigreturn), SCMP_SYS(sigaltstack),
	SCMP_SYS(restart_syscall), SCMP_SYS(epoll_wait), SCMP_SYS(epoll_pwait),
	SCMP_SYS(epoll_ctl), SCMP_SYS(poll), SCMP_SYS(ppoll), SCMP_SYS(recvmsg),
	SCMP_SYS(fcntl), SCMP_SYS(dup), SCMP_SYS(sched_yield),
	SCMP_SYS(sched_getaffinity), SCMP_SYS(getrusage), SCMP_SYS(tgkill),
	SCMP_SYS(rseq), SCMP_SYS(set_robust_list), SCMP_SYS(ftruncate),
	SCMP_SYS(memfd_create) };
static const int edge[] = { SCMP_SYS(accept4), SCMP_SYS(recvfrom),
	SCMP_SYS(sendto), SCMP_SYS(setsockopt), SCMP_SYS(getsockopt),
	SCMP_SYS(shutdown), SCMP_SYS(pread64), SCMP_SYS(pwrite64),
	SCMP_SYS(fdatasync), SCMP_SYS(eventfd2), SCMP_SYS(utimensat) };
static const int files[] = { SCMP_SYS(openat), SCMP_SYS(newfstatat),
	SCMP_SYS(unlink), SCMP_SYS(unlinkat), SCMP_SYS(renameat),
	SCMP_SYS(renameat2), SCMP_SYS(rename), SCMP_SYS(open), SCMP_SYS(stat),
	SCMP_SYS(lstat), SCMP_SYS(fsync), SCMP_SYS(fdatasync),
	SCMP_SYS(pread64), SCMP_SYS(pwrite64), SCMP_SYS(utimensat),
	SCMP_SYS(getdents64), SCMP_SYS(fallocate), SCMP_SYS(fchmod),
	SCMP_SYS(access), SCMP_SYS(faccessat), SCMP_SYS(faccessat2),
	SCMP_SYS(readlink), SCMP_SYS(getcwd), SCMP_SYS(geteuid),
	SCMP_SYS(getuid), SCMP_SYS(fchown), SCMP_SYS(uname), SCMP_SYS(fstatfs),
	SCMP_SYS(statfs), SCMP_SYS(mkdirat), SCMP_SYS(fchdir),
	SCMP_SYS(ftruncate), SCMP_SYS(getegid), SCMP_SYS(getgid),
	SCMP_SYS(statx) };
static const int capture[] = { SCMP_SYS(recvfrom), SCMP_SYS(getsockopt),
	SCMP_SYS(setsockopt), SCMP_SYS(shutdown), SCMP_SYS(select),
	SCMP_SYS(pselect6), SCMP_SYS(nanosleep), SCMP_SYS(times),
	SCMP_SYS(timerfd_create), SCMP_SYS(timerfd_settime),
	SCMP_SYS(epoll_create1), SCMP_SYS(getcpu) };
/* The sanitizers' own, at start and at exit; only in their build. */
static const int sanitizer[] = { SCMP_SYS(openat), SCMP_SYS(open),
	SCMP_SYS(readlink), SCMP_SYS(newfstatat), SCMP_SYS(stat),
	SCMP_SYS(clone), SCMP_SYS(wait4), SCMP_SYS(ptrace), SCMP_SYS(prctl),
	SCMP_SYS(process_vm_readv), SCMP_SYS(getdents64), SCMP_SYS(getppid),
	SCMP_SYS(set_tid_address), SCMP_SYS(arch_prctl), SCMP_SYS(pipe2),
	SCMP_SYS(pipe), SCMP_SYS(prlimit64), SCMP_SYS(getrlimit),
	SCMP_SYS(kill) };

/* Nobody. */
static const int never[] = { SCMP_SYS(process_vm_writev), SCMP_SYS(mount),
	SCMP_SYS(umount2), SCMP_SYS(pivot_root), SCMP_SYS(chroot),
	SCMP_SYS(init_module), SCMP_SYS(finit_module), SCMP_SYS(delete_module),
	SCMP_SYS(kexec_load), SCMP_SYS(kexec_file_load), SCMP_SYS(bpf),
	SCMP_SYS(perf_event_open), SCMP_SYS(keyctl), SCMP_SYS(add_key),
	SCMP_SYS(request_key), SCMP_SYS(unshare), SCMP_SYS(setns),
	SCMP_SYS(userfaultfd), SCMP_SYS(io_uring_setup),
	SCMP_SYS(io_uring_enter), SCMP_SYS(io_uring_register), SCMP_SYS(swapon),
	SCMP_SYS(swapoff), SCMP_SYS(reboot), SCMP_SYS(acct), SCMP_SYS(iopl),
	SCMP_SYS(ioperm), SCMP_SYS(settimeofday), SCMP_SYS(clock_settime),
	SCMP_SYS(adjtimex), SCMP_SYS(clock_adjtime),
	SCMP_SYS(open_by_handle_at), SCMP_SYS(fanotify_init), SCMP_SYS(syslog),
	SCMP_SYS(sethostname), SCMP_SYS(mknod), SCMP_SYS(mknodat) };
#if !EAVES_SANITIZED
/* the sanitizers look for leaks by these */
static const int never_traced[] = { SCMP_SYS(ptrace),
	SCMP_SYS(process_vm_readv) };
#endif

enum err
sandbox_parent(void)
{
	scmp_filter_ctx c = seccomp_init(SCMP_ACT_ALLOW);
	int r = 0;

	if (c == NULL)
		return ERR_NOMEM;
	for (size_t i = 0; r == 0 && i < COUNT(never); i++)
		r = seccomp_rule_add(c, SCMP_ACT_KILL_PROCESS, never[i], 0);
#if !EAVES_SANITIZED
	for (size_t i = 0; r == 0 && i < COUNT(never_traced); i++)
		r = seccomp_rule_add(c, SCMP_ACT_KILL_PROCESS, never_traced[i],
		    0);
#endif
	if (r == 0)
		r = seccomp_load(c);
	seccomp_release(c);
	return r == 0 ? ERR_OK : ERR_UNSUPPORTED;
}

static int
allow_all(scmp_filter_ctx c, const int *calls, size_t n)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < n; i++)
		r = seccomp_rule_add(c, SCMP_ACT_ALLOW, calls[i], 0);
	return r;
}

/*
 * A capture process has sockets that are not connected (hub/ports.h): it may
 * send, but name no address. sendmsg() could hide one.
 */
static int
allow_sending(scmp_filter_ctx c, enum sandbox_role role)
{
	if (role == SANDBOX_CAPTURE)
		return seccomp_rule_add(c, SCMP_ACT_ALLOW, SCMP_SYS(sendto), 1,
		    SCMP_A4(SCMP_CMP_EQ, 0));
	int r = seccomp_rule_add(c, SCMP_ACT_ALLOW, SCMP_SYS(sendmsg), 0);
	if (role == SANDBOX_HUB)
		r |= seccomp_rule_add(c, SCMP_ACT_ALLOW, SCMP_SYS(sendto), 0);
	return r;
}

/* Memory, but none that can be executed; threads, but no processes. */
static int
allow_checked(scmp_filter_ctx c, bool threads)
{
	int r = 0;

	r |= seccomp_rule_add(c, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1,
	    SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
	r |= seccomp_rule_add(c, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1,
	    SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
	r |= seccomp_rule_add(c, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
	if (threads) {
		r |= seccomp_rule_add(c, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1,
		    SCMP_A0(SCMP_CMP_MASKED_EQ, 0x00010000 /* CLONE_THREAD */,
			0x00010000));
		r |= seccomp_rule_add(c, SCMP_ACT_ALLOW,
		    SCMP_SYS(set_tid_address), 0);
		/* pthreads name and set themselves up */
		r |= seccomp_rule_add(c, SCMP_ACT_ALLOW, SCMP_SYS(prctl), 1,
		    SCMP_A0(SCMP_CMP_EQ, PR_SET_NAME));
		r |= seccomp_rule_add(c, SCMP_ACT_ALLOW,
		    SCMP_SYS(sched_getparam), 0);
		r |= seccomp_rule_add(c, SCMP_ACT_ALLOW,
		    SCMP_SYS(sched_getscheduler), 0);
		r |= seccomp_rule_add(c, SCMP_ACT_ALLOW, SCMP_SYS(prlimit64), 1,
		    SCMP_A2(SCMP_CMP_EQ, 0 /* reads only */));
	}
	return r;
}

/*
 * "No terminal" is what libraries hear that ask. The devices of a capture
 * process hear what is on its list; another request ends the process.
 */
static int
allow_device(scmp_filter_ctx c, const struct sandbox_device *d)
{
	int r;

	if (d == NULL)
		return seccomp_rule_add(c, SCMP_ACT_ERRNO(ENOTTY),
		    SCMP_SYS(ioctl), 0);
	const scmp_datum_t first = (scmp_datum_t)d->fd;
	const scmp_datum_t end = first + d->fd_count;
	r = seccomp_rule_add(c, SCMP_ACT_ERRNO(ENOTTY), SCMP_SYS(ioctl), 1,
	    SCMP_A0(SCMP_CMP_LT, first));
	if (r == 0)
		r = seccomp_rule_add(c, SCMP_ACT_ERRNO(ENOTTY), SCMP_SYS(ioctl),
		    1, SCMP_A0(SCMP_CMP_GE, end));
	for (scmp_datum_t fd = first; fd < end; fd++)
		for (size_t i = 0; r == 0 && i < d->count; i++)
			r = seccomp_rule_add(c, SCMP_ACT_ALLOW, SCMP_SYS(ioctl),
			    2, SCMP_A0(SCMP_CMP_EQ, fd),
			    SCMP_A1(SCMP_CMP_MASKED_EQ, UINT32_MAX,
				d->requests[i]));
	return r;
}

static enum err
filter_load(enum sandbox_role role, const struct sandbox_device *device)
{
	scmp_filter_ctx c = seccomp_init(SCMP_ACT_KILL_PROCESS);
	int r;

	if (c == NULL)
		return ERR_NOMEM;
	r = allow_all(c, common, COUNT(common));
	if (EAVES_SANITIZED)
		r |= allow_all(c, sanitizer, COUNT(sanitizer));
	r |= allow_checked(c, role == SANDBOX_EDGE || role == SANDBOX_CAPTURE);
	r |= allow_sending(c, role);
	r |= allow_device(c, role == SANDBOX_CAPTURE ? device : NULL);
	if (role == SANDBOX_EDGE)
		r |= allow_all(c, edge, COUNT(edge));
	if (role == SANDBOX_CORE || role == SANDBOX_KEEPER ||
	    role == SANDBOX_HUB)
		r |= allow_all(c, files, COUNT(files));
	if (role == SANDBOX_CAPTURE || role == SANDBOX_HUB)
		r |= allow_all(c, capture, COUNT(capture));
	if (r == 0)
		r = seccomp_load(c);
	seccomp_release(c);
	return r == 0 ? ERR_OK : ERR_UNSUPPORTED;
}

/*
 * Landlock: nothing but the one folder. Only the file rules of its first
 * version are used, which every kernel that has it knows.
 */
static bool
files_fence(int folder_fd)
{
	const uint64_t all = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1;
	struct landlock_ruleset_attr attr = { .handled_access_fs = all };
	const int fd = (int)syscall(SYS_landlock_create_ruleset, &attr,
	    sizeof attr, 0);

	if (fd == -1)
		return false;
	struct landlock_path_beneath_attr rule = {
		.allowed_access = LANDLOCK_ACCESS_FS_READ_FILE |
				  LANDLOCK_ACCESS_FS_WRITE_FILE |
				  LANDLOCK_ACCESS_FS_READ_DIR |
				  LANDLOCK_ACCESS_FS_REMOVE_FILE |
				  LANDLOCK_ACCESS_FS_MAKE_REG |
				  LANDLOCK_ACCESS_FS_MAKE_DIR,
		.parent_fd = folder_fd,
	};
	const bool ok = (folder_fd == -1 ||
			    syscall(SYS_landlock_add_rule, fd,
				LANDLOCK_RULE_PATH_BENEATH, &rule, 0) == 0) &&
			syscall(SYS_landlock_restrict_self, fd, 0) == 0;
	(void)close(fd);
	return ok;
}

static enum err
user_drop(uid_t uid, struct sandbox_missing *missing)
{
	if (geteuid() != 0 || uid == 0) {
		missing->own_user = true;
		return ERR_OK;
	}
	const gid_t gid = (gid_t)uid;
	if (setgroups(0, NULL) == -1 || setresgid(gid, gid, gid) == -1 ||
	    setresuid(uid, uid, uid) == -1)
		return err_of_errno(errno);
	return ERR_OK;
}

enum err
sandbox_enter(const struct sandbox *s, struct sandbox_missing *ret_missing)
{
	const struct rlimit fds = { s->fds_max, s->fds_max };
	const struct rlimit none = { 0, 0 };
	struct sandbox_missing missing = { 0 };
	enum err e;

	(void)setrlimit(RLIMIT_NOFILE, &fds);
	if ((e = user_drop(s->uid, &missing)) != ERR_OK)
		return e;
	/* after the change of user: it clears the flag */
	sandbox_begin();
	/* checking a certificate's dates reads the zone's file, unless known */
	(void)setenv("TZ", "UTC", 1);
	tzset();
	missing.landlock = !files_fence(s->folder_fd);
	if (s->role != SANDBOX_EDGE && s->role != SANDBOX_CAPTURE)
		(void)setrlimit(RLIMIT_NPROC, &none);
	if ((e = filter_load(s->role, s->device)) != ERR_OK)
		return e;
	*ret_missing = missing;
	return ERR_OK;
}

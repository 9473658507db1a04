// Replaced: the functions that read and write.
#include <sys/sendfile.h>

#include <array>
#include <span>

#include "libos/posix/preload/answer.h"

using arrakis::posix::answer;
using arrakis::posix::Calls;
using arrakis::posix::fail;
using arrakis::posix::Machine;
using arrakis::posix::owner;
using arrakis::posix::pass;
using arrakis::posix::Result;

namespace {

// An epoll instance is ours too, and cannot be read: the kernel says that.
ssize_t receive(Calls& calls, int fd, void* buffer, size_t count, int flags,
                sockaddr* source = nullptr, socklen_t* length = nullptr) {
  const iovec part{buffer, count};
  return answer(calls.receive(fd, {&part, 1}, flags, {source, length}));
}

ssize_t transmit(Calls& calls, int fd, const void* buffer, size_t count, int flags,
                 const sockaddr* target = nullptr, socklen_t length = 0) {
  const iovec part{const_cast<void*>(buffer), count};
  return answer(calls.send(fd, {&part, 1}, flags, {target, length}));
}

Result<std::span<const iovec>> parts_of(const iovec* parts, int count) {
  if (count < 0) return fail(EINVAL);
  if (parts == nullptr && count > 0) return fail(EFAULT);
  return std::span{parts, static_cast<size_t>(count)};
}

// How many of the messages were done before one was not; an error only if that was the first.
template <class One>
int each(mmsghdr* messages, unsigned count, One one) {
  unsigned done = 0;
  for (; done < count; ++done) {
    const Result<size_t> result = one(messages[done].msg_hdr, done);
    if (!result && done == 0) return answer(result) < 0 ? -1 : 0;
    if (!result) break;
    messages[done].msg_len = static_cast<unsigned>(*result);
  }
  return static_cast<int>(done);
}

// By copy: the pages of a file are the kernel's.
ssize_t send_file(Calls& calls, int out, int in, off_t* offset, size_t count) {
  std::array<char, 65'536> buffer;
  size_t done = 0;
  while (done < count) {
    const size_t step = std::min(buffer.size(), count - done);
    const off_t at = offset != nullptr ? *offset : pass<off_t>(SYS_lseek, in, 0, SEEK_CUR);
    const auto read = pass<ssize_t>(SYS_pread64, in, buffer.data(), step, at);
    if (read < 0 && done == 0) return -1;
    if (read <= 0) break;
    const iovec part{buffer.data(), static_cast<size_t>(read)};
    const auto sent = calls.send(out, {&part, 1}, 0);
    if (!sent && done == 0) return answer(sent);
    if (!sent) break;
    done += *sent;
    const off_t then = at + static_cast<off_t>(*sent);
    if (offset != nullptr)
      *offset = then;
    else
      (void)pass<off_t>(SYS_lseek, in, then, SEEK_SET);
    if (*sent < static_cast<size_t>(read)) break;
  }
  return static_cast<ssize_t>(done);
}

// Whom a datagram is for decides where a socket without an address belongs.
Calls* owner_for(int fd, const sockaddr* target, socklen_t length) {
  if (Calls* calls = owner(fd)) return calls;
  Machine* machine = Machine::get();
  if (machine == nullptr || target == nullptr || length == 0) return nullptr;
  return machine->takes_send(fd, target, length) ? &machine->calls() : nullptr;
}

}  // namespace

extern "C" {

ssize_t read(int fd, void* buffer, size_t count) {
  if (Calls* calls = owner(fd)) return receive(*calls, fd, buffer, count, 0);
  return pass<ssize_t>(SYS_read, fd, buffer, count);
}

ssize_t __read_chk(int fd, void* buffer, size_t count, size_t) { return read(fd, buffer, count); }

ssize_t readv(int fd, const iovec* parts, int count) {
  Calls* calls = owner(fd);
  if (calls == nullptr) return pass<ssize_t>(SYS_readv, fd, parts, count);
  const auto all = parts_of(parts, count);
  if (!all) return answer<size_t>(std::unexpected(all.error()));
  return answer(calls->receive(fd, *all, 0));
}

ssize_t recv(int fd, void* buffer, size_t count, int flags) {
  if (Calls* calls = owner(fd)) return receive(*calls, fd, buffer, count, flags);
  return pass<ssize_t>(SYS_recvfrom, fd, buffer, count, flags, nullptr, nullptr);
}

ssize_t __recv_chk(int fd, void* buffer, size_t count, size_t, int flags) {
  return recv(fd, buffer, count, flags);
}

ssize_t recvfrom(int fd, void* buffer, size_t count, int flags, sockaddr* source,
                 socklen_t* length) {
  if (Calls* calls = owner(fd)) return receive(*calls, fd, buffer, count, flags, source, length);
  return pass<ssize_t>(SYS_recvfrom, fd, buffer, count, flags, source, length);
}

ssize_t __recvfrom_chk(int fd, void* buffer, size_t count, size_t, int flags, sockaddr* source,
                       socklen_t* length) {
  return recvfrom(fd, buffer, count, flags, source, length);
}

ssize_t recvmsg(int fd, msghdr* message, int flags) {
  if (Calls* calls = owner(fd)) return answer(calls->receive_message(fd, message, flags));
  return pass<ssize_t>(SYS_recvmsg, fd, message, flags);
}

int recvmmsg(int fd, mmsghdr* messages, unsigned count, int flags, timespec* timeout) {
  Calls* calls = owner(fd);
  if (calls == nullptr) return pass(SYS_recvmmsg, fd, messages, count, flags, timeout);
  return each(messages, count, [&](msghdr& message, unsigned done) {
    const bool must_not_wait = done > 0 && (flags & MSG_WAITFORONE) != 0;
    return calls->receive_message(fd, &message,
                                  (flags & ~MSG_WAITFORONE) | (must_not_wait ? MSG_DONTWAIT : 0));
  });
}

ssize_t write(int fd, const void* buffer, size_t count) {
  if (Calls* calls = owner(fd)) return transmit(*calls, fd, buffer, count, 0);
  return pass<ssize_t>(SYS_write, fd, buffer, count);
}

ssize_t writev(int fd, const iovec* parts, int count) {
  Calls* calls = owner(fd);
  if (calls == nullptr) return pass<ssize_t>(SYS_writev, fd, parts, count);
  const auto all = parts_of(parts, count);
  if (!all) return answer<size_t>(std::unexpected(all.error()));
  return answer(calls->send(fd, *all, 0));
}

ssize_t send(int fd, const void* buffer, size_t count, int flags) {
  if (Calls* calls = owner(fd)) return transmit(*calls, fd, buffer, count, flags);
  return pass<ssize_t>(SYS_sendto, fd, buffer, count, flags, nullptr, 0);
}

ssize_t sendto(int fd, const void* buffer, size_t count, int flags, const sockaddr* target,
               socklen_t length) {
  if (Calls* calls = owner_for(fd, target, length))
    return transmit(*calls, fd, buffer, count, flags, target, length);
  return pass<ssize_t>(SYS_sendto, fd, buffer, count, flags, target, length);
}

ssize_t sendmsg(int fd, const msghdr* message, int flags) {
  const bool is_there = message != nullptr;
  Calls* calls = owner_for(fd, is_there ? static_cast<const sockaddr*>(message->msg_name) : nullptr,
                           is_there ? message->msg_namelen : 0);
  if (calls != nullptr) return answer(calls->send_message(fd, message, flags));
  return pass<ssize_t>(SYS_sendmsg, fd, message, flags);
}

int sendmmsg(int fd, mmsghdr* messages, unsigned count, int flags) {
  Calls* calls = owner(fd);
  if (calls == nullptr && messages != nullptr && count > 0) {
    const msghdr& first = messages->msg_hdr;
    calls = owner_for(fd, static_cast<const sockaddr*>(first.msg_name), first.msg_namelen);
  }
  if (calls == nullptr) return pass(SYS_sendmmsg, fd, messages, count, flags);
  return each(messages, count, [&](const msghdr& message, unsigned) {
    return calls->send_message(fd, &message, flags);
  });
}

// With 64-bit offsets libc's headers call it sendfile64; both names are asked for.
ssize_t sendfile(int out, int in, off_t* offset, size_t count) noexcept {
  if (Calls* calls = owner(out)) return send_file(*calls, out, in, offset, count);
  return pass<ssize_t>(SYS_sendfile, out, in, offset, count);
}

ssize_t sendfile_of_old(int out, int in, off_t* offset, size_t count) noexcept asm("sendfile");
ssize_t sendfile_of_old(int out, int in, off_t* offset, size_t count) noexcept {
  return sendfile(out, in, offset, count);
}
}

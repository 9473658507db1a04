// state.h: the states of a connection (RFC 9293, 3.3.2) and which may follow which.
#pragma once

#include <cstdint>
#include <string_view>

namespace arrakis::extaris::tcp {

// LISTEN is not among them: a listener is no connection (listener.h).
enum class State : std::uint8_t {
  closed,
  syn_sent,
  syn_received,
  established,
  fin_wait_1,
  fin_wait_2,
  close_wait,
  closing,
  last_ack,
  time_wait
};

constexpr bool may_follow(State from, State to) {
  using enum State;
  switch (from) {  // no default: -Wswitch finds the forgotten state
    case closed: return to == syn_sent || to == syn_received || to == established;  // SYN cookie
    case syn_sent: return to == syn_received || to == established || to == closed;
    case syn_received:
      return to == established || to == fin_wait_1 || to == close_wait || to == closed;
    case established: return to == fin_wait_1 || to == close_wait || to == closed;
    case fin_wait_1: return to == fin_wait_2 || to == closing || to == time_wait || to == closed;
    case close_wait: return to == last_ack || to == closed;
    case fin_wait_2:
    case closing: return to == time_wait || to == closed;
    case last_ack:
    case time_wait: return to == closed;
  }
  return false;
}

// Whether the peer may still send us data.
constexpr bool may_receive(State state) {
  return state == State::established || state == State::fin_wait_1 || state == State::fin_wait_2;
}
// Whether data in the send queue may leave.
constexpr bool may_transmit(State state) {
  return state == State::established || state == State::close_wait || state == State::fin_wait_1 ||
         state == State::closing || state == State::last_ack;
}
// Whether the application may still add to the send queue.
constexpr bool may_send(State state) {
  return state == State::established || state == State::close_wait || state == State::syn_sent ||
         state == State::syn_received;
}
constexpr bool is_synchronized(State state) { return state >= State::established; }

std::string_view to_string(State state);

}  // namespace arrakis::extaris::tcp

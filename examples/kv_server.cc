// kv_server.cc: keys and values in memory, for redis-cli and other clients of Redis (RESP 2): GET,
// SET, DEL, PING.
//
//   arrakisctl run --app kv_server -- kv_server
#include <arrakis/arrakis.h>

#include <charconv>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace {

using Store = std::unordered_map<std::string, std::string>;
using Words = std::vector<std::string>;

// What follows the kind in a line like "*3" or "$5". Nothing: that is not what it is.
std::optional<std::size_t> count_of(std::string_view line, char kind, std::size_t most) {
  std::size_t count = 0;
  if (!line.starts_with(kind)) return std::nullopt;
  const auto [end, error] = std::from_chars(line.begin() + 1, line.end(), count);
  if (error != std::errc{} || end != line.end() || count > most) return std::nullopt;
  return count;
}

// False: the client has left, or makes no sense.
arrakis::Task<bool> read_command(arrakis::TcpReader& reader, Words& words) {
  const auto count = count_of((co_await reader.until("\r\n")).value_or(""), '*', 1024);
  if (!count || *count == 0) co_return false;
  words.resize(*count);
  for (std::string& word : words) {
    const auto bytes = count_of((co_await reader.until("\r\n")).value_or(""), '$', 512 * 1024);
    if (!bytes) co_return false;
    const auto text = co_await reader.exactly(*bytes + 2);
    if (!text || !text->ends_with("\r\n")) co_return false;
    word = text->substr(0, *bytes);
  }
  co_return true;
}

std::string answer(Store& store, const Words& words) {
  if (words[0] == "SET" && words.size() == 3) {
    store[words[1]] = words[2];
    return "+OK\r\n";
  }
  if (words[0] == "GET" && words.size() == 2) {
    const auto found = store.find(words[1]);
    if (found == store.end()) return "$-1\r\n";
    return std::string{"$"}
        .append(std::to_string(found->second.size()))
        .append("\r\n")
        .append(found->second)
        .append("\r\n");
  }
  if (words[0] == "DEL" && words.size() == 2) return store.erase(words[1]) ? ":1\r\n" : ":0\r\n";
  return words[0] == "PING" ? "+PONG\r\n" : "-ERR no such command\r\n";
}

arrakis::Task<> serve(arrakis::TcpStream client, Store& store) {
  arrakis::TcpReader reader{client, 1 << 20};
  std::string answers;  // to commands that come in a row
  for (Words words; co_await read_command(reader, words);) {
    answers += answer(store, words);
    if (!reader.is_empty()) continue;
    if (!co_await client.send(answers)) break;
    answers.clear();
  }
}

}  // namespace

int main() {
  Store store;
  return arrakis::serve_tcp(
      6379, [&store](arrakis::TcpStream client) { return serve(std::move(client), store); });
}

// http_server.cc: serves one file over HTTP/1.1 (RFC 9110, RFC 9112), at / and nowhere else.
//
//   arrakisctl run --app http_server -- http_server FILE
#include <arrakis/arrakis.h>

#include <algorithm>
#include <cctype>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>

namespace {

struct Request {
  std::string_view method;
  std::string_view target;
  bool is_bad = true;
  bool is_last = true;  // of this connection
};

// Names of fields are the same in any case.
bool has(std::string_view head, std::string_view words) {
  const auto same = [](unsigned char a, unsigned char b) { return std::tolower(a) == b; };
  return !std::ranges::search(head, words, same).empty();
}

Request parse(std::string_view head) {
  const std::string_view line = head.substr(0, head.find("\r\n"));
  const std::size_t first = line.find(' ');
  const std::size_t last = line.rfind(' ');
  if (first == last) return {};
  const std::string_view version = line.substr(last + 1);
  const bool is_1_1 = version == "HTTP/1.1" && has(head, "\r\nhost:");
  const bool has_body = has(head, "\r\ncontent-length:") || has(head, "\r\ntransfer-encoding:");
  return {.method = line.substr(0, first),
          .target = line.substr(first + 1, last - first - 1),
          .is_bad = has_body || (!is_1_1 && version != "HTTP/1.0"),
          .is_last = !is_1_1 || has(head, "\r\nconnection: close")};
}

std::string reply(const Request& request, std::string_view status, std::string_view body) {
  std::string text{"HTTP/1.1 "};
  text.append(status).append("\r\nContent-Length: ").append(std::to_string(body.size()));
  text.append(request.is_last ? "\r\nConnection: close\r\n\r\n" : "\r\n\r\n");
  return request.method == "HEAD" ? text : text.append(body);
}

std::string answer(const Request& request, const std::string& file) {
  if (request.is_bad) return reply({}, "400 Bad Request", "bad request\n");
  if (request.method != "GET" && request.method != "HEAD")
    return reply(request, "405 Method Not Allowed\r\nAllow: GET, HEAD", "no such method\n");
  if (request.target != "/") return reply(request, "404 Not Found", "no such file\n");
  return reply(request, "200 OK", file);
}

arrakis::Task<> serve(arrakis::TcpStream client, const std::string& file) {
  arrakis::TcpReader reader{client};
  for (bool is_last = false; !is_last;) {
    const auto head = co_await reader.until("\r\n\r\n");
    if (!head) co_return;
    const Request request = parse(*head);
    if (!co_await client.send(answer(request, file))) co_return;
    is_last = request.is_last;
  }
  client.connection().shutdown();  // what still comes must not reset the answer (RFC 9112, 9.6)
  while (co_await client.receive()) continue;
}

}  // namespace

int main(int argc, char** argv) {
  std::ifstream stream{argc > 1 ? argv[1] : "", std::ios::binary};
  if (!stream) return std::fprintf(stderr, "usage: http_server FILE\n");
  const std::string file{std::istreambuf_iterator{stream}, {}};
  return arrakis::serve_tcp(
      80, [&file](arrakis::TcpStream client) { return serve(std::move(client), file); });
}

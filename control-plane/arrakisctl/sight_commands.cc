// ss, stats.
#include <fmt/format.h>

#include "control-plane/arrakisctl/command.h"
#include "control-plane/arrakisctl/json.h"
#include "control-plane/arrakisctl/output.h"
#include "control-plane/arrakisctl/sockets.h"
#include "control-plane/arrakisctl/table.h"
#include "control-plane/protocol/counter_table.h"

namespace arrakis::ctl {
namespace {

struct QueueCounters {
  std::string app;
  std::int32_t pid = 0;
  QueueName queue;
  std::vector<std::uint64_t> values;
};

std::string counter_name(std::size_t i) {
  return i < sight::counter_table.size() ? std::string{sight::counter_table[i].name}
                                         : fmt::format("unknown_{}", i);  // of a later release
}

std::string_view linux_name(std::size_t i) {
  return i < sight::counter_table.size() ? sight::counter_table[i].linux_name : "";
}

Json to_json(const QueueCounters& queue) {
  Json counters = Json::object(), as_linux = Json::object();
  for (std::size_t i = 0; i < queue.values.size(); ++i) {
    counters[counter_name(i)] = queue.values[i];
    if (!linux_name(i).empty()) as_linux[std::string{linux_name(i)}] = queue.values[i];
  }
  return {{"app", queue.app},           {"pid", queue.pid},     {"vf", queue.queue.vnic},
          {"queue", queue.queue.queue}, {"counters", counters}, {"linux", as_linux}};
}

Table table_of(const QueueCounters& queue, bool zeros) {
  Table table{.columns = {{""}, {"", Column::Align::right}, {""}}, .rows = {}, .indent = "  "};
  for (std::size_t i = 0; i < queue.values.size(); ++i)
    if (zeros || queue.values[i] != 0)
      table.add({counter_name(i), std::to_string(queue.values[i]),
                 linux_name(i).empty() ? " " : std::string{linux_name(i)}});
  return table;
}

// Asks every queue of every application. One that does not answer is reported, and is the exit
// status; the others are shown all the same.
template <class Ask>
Result<int> ask_all(const Context& context, const std::string& app, Ask ask) {
  auto connection = Connection::open(context.target);
  if (!connection) return std::unexpected(std::move(connection).error());
  auto apps = look(**connection, app);
  if (!apps) return std::unexpected(std::move(apps).error());
  if (apps->empty()) note("no application of yours is attached");
  Exit status = Exit::ok;
  const auto failed = [&status](const Failure& failure) {
    report(failure);
    status = failure.exit;
  };
  for (SeenApp& seen : *apps) {
    auto snapshot = Snapshot::of(**connection, seen);
    if (!snapshot) {
      failed(snapshot.error());
      continue;
    }
    for (const QueueName& queue : seen.queues)
      if (const Result<void> asked = ask(seen, queue, *snapshot); !asked) failed(asked.error());
  }
  return static_cast<int>(status);
}

class SocketStatistics final : public Command {
 public:
  explicit SocketStatistics(CLI::App& root)
      : Command{root,
                {"ss", "Sockets of running applications: state, queues, peers",
                 "arrakisctl ss --info --app kv_server --state established"}} {
    cli().add_option("--app", app_, "Of this application only")->type_name("APP");
    cli()
        .add_option("--state", state_, "In this state only")
        ->type_name(
            "established|listen|syn-sent|syn-recv|fin-wait-1|fin-wait-2|close-wait|closing|"
            "last-ack|time-wait|unconn|all");
    cli().add_flag("-i,--info", info_, "Round trips, windows, retransmissions, timers");
    cli().add_flag("-t,--tcp", tcp_, "TCP only");
    cli().add_flag("-u,--udp", udp_, "UDP only");
  }

  Result<int> run(const Context& context) override {
    SocketFilter filter{.tcp = tcp_ || !udp_, .udp = udp_ || !tcp_, .states = {}};
    if (!state_.empty()) {
      auto states = parse_state(state_);
      if (!states) return std::unexpected(states.error());
      filter.states = *std::move(states);
    }
    std::vector<SeenSocket> all;
    auto status = ask_all(
        context, app_,
        [&](const SeenApp& app, const QueueName& queue, Snapshot& snapshot) -> Result<void> {
          const auto records = snapshot.sockets(queue);
          if (!records) return std::unexpected(records.error());
          for (const sight::SocketRecord& record : *records)
            if (filter.takes(record)) all.push_back({app.name, app.pid, queue, record});
          return {};
        });
    if (!status) return status;
    print(context.json ? render(list_document("Socket", items_of(all)))
                       : text_of(all, info_ ? Details::yes : Details::no));
    return status;
  }

 private:
  std::string app_, state_;
  bool info_ = false, tcp_ = false, udp_ = false;
};

class Statistics final : public Command {
 public:
  explicit Statistics(CLI::App& root)
      : Command{root,
                {"stats", "What happened to packets, as counters of each queue",
                 "arrakisctl stats --app kv_server"}} {
    cli().add_option("--app", app_, "Of this application only")->type_name("APP");
    cli().add_flag("--all", all_, "Those that are 0 too");
  }

  Result<int> run(const Context& context) override {
    std::vector<QueueCounters> queues;
    auto status = ask_all(
        context, app_,
        [&](const SeenApp& app, const QueueName& queue, Snapshot& snapshot) -> Result<void> {
          auto values = snapshot.counters(queue);
          if (!values) return std::unexpected(values.error());
          queues.push_back({app.name, app.pid, queue, *std::move(values)});
          return {};
        });
    if (!status) return status;
    if (context.json) {
      Json items = Json::array();
      for (const QueueCounters& queue : queues) items.push_back(to_json(queue));
      print(render(list_document("Statistics", std::move(items))));
      return status;
    }
    for (const QueueCounters& queue : queues)
      print(fmt::format("{} (pid {}) {}\n{}", queue.app, queue.pid, queue.queue.text(),
                        render(table_of(queue, all_))));
    return status;
  }

 private:
  std::string app_;
  bool all_ = false;
};

}  // namespace

void add_sight_commands(CLI::App& root, Commands& commands) {
  commands.push_back(std::make_unique<SocketStatistics>(root));
  commands.push_back(std::make_unique<Statistics>(root));
}

}  // namespace arrakis::ctl

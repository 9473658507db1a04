#include "control-plane/protocol/sight_reader.h"

#include <gtest/gtest.h>

#include <cstring>
#include <random>
#include <set>

#include "control-plane/protocol/counter_table.h"

namespace arrakis::sight {
namespace {

PageHeader header_of(PageKind kind, std::uint32_t records, std::uint32_t record_bytes) {
  return {page_magic, format_version, kind, 1, records, record_bytes, 0, 0};
}

SocketRecord connection() {
  SocketRecord record{};
  record.protocol = Protocol::tcp;
  record.state = SocketState::established;
  record.congestion = Congestion::cubic;
  record.local_port = 7;
  record.remote_port = 40'000;
  record.cwnd_bytes = 14'480;
  return record;
}

std::vector<std::byte> page_of(const PageHeader& header, std::span<const SocketRecord> records) {
  std::vector<std::byte> page(page_bytes);
  std::memcpy(page.data(), &header, sizeof(header));
  std::memcpy(page.data() + sizeof(header), records.data(), records.size_bytes());
  return page;
}

std::vector<std::byte> page_of(SocketRecord record) {
  return page_of(header_of(PageKind::sockets, 1, sizeof(record)), {&record, 1});
}

TEST(SightReader, ReadsSockets) {
  const std::vector<SocketRecord> records(3, connection());
  PageHeader header = header_of(PageKind::sockets, 3, sizeof(SocketRecord));
  header.is_last = 0;
  header.next_cursor = 4711;
  const auto page = read_sockets(page_of(header, records));
  ASSERT_TRUE(page) << page.error();
  ASSERT_EQ(page->records.size(), 3u);
  EXPECT_EQ(page->records[2].cwnd_bytes, 14'480u);
  EXPECT_EQ(page->next_cursor, 4711u);
}

TEST(SightReader, RefusesHeadersThatCannotBe) {
  const auto refused = [](auto change) {
    const SocketRecord record = connection();
    PageHeader header = header_of(PageKind::sockets, 1, sizeof(record));
    change(header);
    return !read_sockets(page_of(header, {&record, 1}));
  };
  EXPECT_FALSE(refused([](PageHeader&) {}));
  EXPECT_TRUE(refused([](PageHeader& h) { h.magic ^= 1; }));
  EXPECT_TRUE(refused([](PageHeader& h) { ++h.version; }));
  EXPECT_TRUE(refused([](PageHeader& h) { h.kind = PageKind::counters; }));
  EXPECT_TRUE(refused([](PageHeader& h) { h.is_last = 2; }));
  EXPECT_TRUE(refused([](PageHeader& h) { h.record_bytes = 1; }));
  EXPECT_TRUE(refused([](PageHeader& h) { h.records = sockets_a_page + 1; }));
  EXPECT_TRUE(refused([](PageHeader& h) { h.records = UINT32_MAX; }));
  EXPECT_FALSE(read_sockets({}));
}

TEST(SightReader, RefusesSocketsThatCannotBe) {
  const auto refused = [](auto change) {
    SocketRecord record = connection();
    change(record);
    return !read_sockets(page_of(record));
  };
  EXPECT_FALSE(refused([](SocketRecord&) {}));
  EXPECT_TRUE(refused([](SocketRecord& r) { r.protocol = static_cast<Protocol>(1); }));
  EXPECT_TRUE(refused([](SocketRecord& r) { r.state = SocketState::count; }));
  EXPECT_TRUE(refused([](SocketRecord& r) { r.state = SocketState::unconnected; }));
  EXPECT_TRUE(refused([](SocketRecord& r) { r.protocol = Protocol::udp; }));
  EXPECT_TRUE(refused([](SocketRecord& r) { r.congestion = static_cast<Congestion>(255); }));
  EXPECT_TRUE(refused([](SocketRecord& r) { r.timer = Timer::count; }));
  EXPECT_TRUE(refused([](SocketRecord& r) { r.send_scale = 15; }));
  EXPECT_TRUE(refused([](SocketRecord& r) { r.local_port = 0; }));
}

TEST(SightReader, ReadsCountersOfEarlierAndLaterReleases) {
  for (const std::uint32_t count : {std::uint32_t{3}, std::uint32_t{counter_table.size() + 5}}) {
    const PageHeader header = header_of(PageKind::counters, count, sizeof(std::uint64_t));
    std::vector<std::byte> page(page_bytes);
    std::memcpy(page.data(), &header, sizeof(header));
    const auto values = read_counters(page);
    ASSERT_TRUE(values) << values.error();
    EXPECT_EQ(values->size(), count);
  }
  const PageHeader many = header_of(PageKind::counters, counters_max + 1, sizeof(std::uint64_t));
  std::vector<std::byte> page(page_bytes);
  std::memcpy(page.data(), &many, sizeof(many));
  EXPECT_FALSE(read_counters(page));
}

// Whatever comes: an answer or a refusal, and every name has letters. Sanitizers look on.
TEST(SightReader, SurvivesAnyBytes) {
  std::mt19937 random{4711};
  for (int i = 0; i < 2000; ++i) {
    SocketRecord record = connection();
    auto page = page_of(record);
    for (int changes = 0; changes < 4; ++changes)
      page[random() % 160] = static_cast<std::byte>(random());
    page.resize(random() % 4 == 0 ? random() % 200 : page.size());
    if (const auto read = read_sockets(page))
      for (const SocketRecord& r : read->records) {
        EXPECT_NE(to_string(r.state), "?");
        EXPECT_FALSE(to_string(r.timer).empty() || to_string(r.congestion).empty());
      }
    (void)read_counters(page);
  }
}

TEST(CounterTable, NamesAreUnique) {
  std::set<std::string_view> names;
  for (const CounterName& counter : counter_table) {
    EXPECT_TRUE(names.insert(counter.name).second) << counter.name;
    EXPECT_TRUE(counter.linux_name.empty() || names.insert(counter.linux_name).second)
        << counter.linux_name;
  }
}

}  // namespace
}  // namespace arrakis::sight

#include "control-plane/state/store.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace arrakis::control {
namespace {

class StoreTest : public testing::Test {
 protected:
  StoreTest() {
    char name[] = "/tmp/arrakis-store-XXXXXX";
    directory_ = ::mkdtemp(name);
    path_ = directory_ / "state.db";
  }
  ~StoreTest() override { std::filesystem::remove_all(directory_); }

  Store open() {
    auto store = Store::open(path_);
    EXPECT_TRUE(store) << store.error().message;
    return *std::move(store);
  }

  std::filesystem::path directory_, path_;
};

StoredVnic vnic(std::string name) {
  StoredVnic v;
  v.spec = {.name = std::move(name), .app = "echo", .provider = "xdp"};
  v.spec.mac = *MacAddress::parse("02:00:00:00:00:01");
  v.spec.addresses = {*IpPrefix::parse("10.0.0.2/32"), *IpPrefix::parse("fd00::2/128")};
  v.spec.gateways = {*IpAddress::parse("10.0.0.1")};
  v.spec.neighbors = {{*IpAddress::parse("10.0.0.1"), *MacAddress::parse("02:00:00:00:00:09")}};
  v.spec.rate = {~std::uint64_t{0}};
  v.spec.filters = {*parse_filter("rx udp port 7 peer 10.0.0.0/8"), *parse_filter("tx ip")};
  v.granted_rate = {7};
  v.granted_filters = {*parse_filter("tx ip")};
  v.enforced = {"tx filter", "rate"};
  return v;
}

TEST_F(StoreTest, KeepsAVnicOverAReopen) {
  const StoredVnic written = vnic("vf0");
  {
    Store store = open();
    ASSERT_TRUE(store.save(written));
  }
  Store store = open();
  const auto vnics = store.vnics();
  ASSERT_TRUE(vnics);
  ASSERT_EQ(vnics->size(), 1u);
  const StoredVnic& read = vnics->front();
  EXPECT_EQ(read.spec.mac, written.spec.mac);
  EXPECT_EQ(read.spec.addresses, written.spec.addresses);
  EXPECT_EQ(read.spec.gateways, written.spec.gateways);
  EXPECT_EQ(read.spec.neighbors.at(0).mac, written.spec.neighbors[0].mac);
  EXPECT_EQ(read.spec.rate, written.spec.rate);
  EXPECT_EQ(read.spec.filters, written.spec.filters);
  EXPECT_EQ(read.granted_rate, written.granted_rate);
  EXPECT_EQ(read.granted_filters, written.granted_filters);
  EXPECT_EQ(read.enforced, written.enforced);
}

TEST_F(StoreTest, SavingAgainReplaces) {
  Store store = open();
  StoredVnic v = vnic("vf10");
  ASSERT_TRUE(store.save(v));
  ASSERT_TRUE(store.save(vnic("vf9")));
  v.spec.filters.clear();
  ASSERT_TRUE(store.save(v));
  const auto vnics = store.vnics();
  ASSERT_EQ(vnics->size(), 2u);
  EXPECT_EQ(vnics->at(0).spec.name, "vf9");
  EXPECT_TRUE(vnics->at(1).spec.filters.empty());
}

TEST_F(StoreTest, KeepsLeasesAndTheJournal) {
  StoredLease lease{.app = "echo", .process = {42, 99, 65534}, .boot_id = "b", .opened = {"vf0/0"}};
  lease.token[31] = 5;
  {
    Store store = open();
    ASSERT_TRUE(store.save(lease));
    ASSERT_TRUE(store.begin_release("vf0"));
  }
  Store store = open();
  const auto leases = store.leases();
  ASSERT_EQ(leases->size(), 1u);
  EXPECT_EQ(leases->front().process, lease.process);
  EXPECT_EQ(leases->front().token, lease.token);
  EXPECT_EQ(leases->front().opened, lease.opened);
  EXPECT_EQ(*store.begun_releases(), std::vector<std::string>{"vf0"});
  ASSERT_TRUE(store.finish_release("vf0"));
  ASSERT_TRUE(store.remove_lease("echo"));
  EXPECT_TRUE(store.begun_releases()->empty());
  EXPECT_TRUE(store.leases()->empty());
}

TEST_F(StoreTest, RefusesRubbishWithOneLineThatHelps) {
  std::ofstream{path_} << std::string(10'000, 'x');
  const auto store = Store::open(path_);
  ASSERT_FALSE(store);
  EXPECT_EQ(store.error().code, Error::Code::unavailable);
  EXPECT_NE(store.error().message.find("damaged"), std::string::npos) << store.error().message;
  EXPECT_FALSE(store.error().remedy.empty());
}

TEST_F(StoreTest, RefusesANewerDatabase) {
  {
    open();
  }
  auto database = Database::open(path_);
  ASSERT_TRUE(database->execute("PRAGMA user_version = 99"));
  const auto store = Store::open(path_);
  ASSERT_FALSE(store);
  EXPECT_NE(store.error().message.find("newer"), std::string::npos);
}

TEST_F(StoreTest, RefusesAValueThatIsNone) {
  Store store = open();
  ASSERT_TRUE(store.save(vnic("vf0")));
  auto database = Database::open(path_);
  ASSERT_TRUE(database->execute("UPDATE vnic_item SET text = 'rx nonsense' WHERE kind = 'filter'"));
  const auto vnics = store.vnics();
  ASSERT_FALSE(vnics);
  EXPECT_NE(vnics.error().message.find("nonsense"), std::string::npos);
}

TEST_F(StoreTest, SaysWhenItsPlaceDoesNotExist) {
  const auto store = Store::open(directory_ / "no" / "state.db");
  ASSERT_FALSE(store);
  EXPECT_FALSE(store.error().remedy.empty());
}

TEST_F(StoreTest, ACutOffTransactionLeavesNothing) {
  {
    auto database = Database::open(path_);
    ASSERT_TRUE(Store::open(path_));
    auto transaction = Transaction::begin(*database);
    ASSERT_TRUE(transaction);
    ASSERT_TRUE(database->execute("INSERT INTO release (vnic) VALUES ('vf0')"));
  }
  EXPECT_TRUE(open().begun_releases()->empty());
}

}  // namespace
}  // namespace arrakis::control

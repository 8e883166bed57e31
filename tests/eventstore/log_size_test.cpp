// The log of a store stays bounded while readers are busy, and becomes small again.

#include "support/run_sql.hpp"
#include "support/stores.hpp"

#include <atomic>
#include <latch>
#include <thread>

using stele::expected_version;
using stele::stream_id;

namespace {

constexpr std::size_t mib = 1UL << 20;

std::size_t size_of_log(const std::filesystem::path& store) {
    return std::filesystem::file_size(store.string() + "-wal");
}

stele::sqlite_options options_with(std::size_t log_bytes) {
    return {.durability = stele::durability::normal, .idle_readers = 8, .log_bytes = log_bytes};
}

// Readers that always overlap: each begins its next read before it ends.
class busy_readers {
public:
    busy_readers(stele::event_store& store, const stele::all_read_options& what) {
        for (auto& reader : readers_)
            reader = std::jthread([this, &store, what](const std::stop_token& stop) {
                for (std::size_t rounds = 0; !stop.stop_requested(); ++rounds) {
                    for (const auto& batch : store.read_all(what)) events += batch.size();
                    ++reads;
                    if (rounds == 0) begun_.count_down();
                }
            });
        begun_.wait();
    }
    std::atomic<std::size_t> reads = 0;
    std::atomic<std::size_t> events = 0;

private:
    std::latch begun_{4};
    std::array<std::jthread, 4> readers_;
};

}  // namespace

TEST_CASE("while readers are busy the log does not outgrow its bound by more than an append and a step") {
    const stele::all_read_options everything;
    const stele::all_read_options filtered{.filter = {.categories = {"other"}}};
    for (const auto& what : {everything, filtered}) {
        const temp_dir directory;
        const auto file = directory / "events.db";
        auto store = stele::sqlite_store::open(file, options_with(4 * mib));
        const std::string payload(100UL * 1024, 'x');
        for (int i = 0; i < 20; ++i)
            REQUIRE(store.append(stream_id{"a-1"}, expected_version::any(), make_event("test.Large", payload)));
        busy_readers readers(store, what);
        std::size_t largest = 0;
        for (int i = 0; i < 300; ++i) {  // 30 MiB
            REQUIRE(store.append(stream_id{"a-1"}, expected_version::any(), make_event("test.Large", payload)));
            largest = std::max(largest, size_of_log(file));
        }
        CHECK(largest < 8 * mib);
        CHECK(readers.reads > 4);
    }
}

TEST_CASE("a reader that is not the store's own keeps its log from ending, and stops neither appends nor reads") {
    const temp_dir directory;
    const auto file = directory / "events.db";
    auto store = stele::sqlite_store::open(file, options_with(mib));
    REQUIRE(store.append(stream_id{"a-1"}, expected_version::any(), make_event()));
    sqlite3* other = nullptr;
    REQUIRE(sqlite3_open(file.c_str(), &other) == SQLITE_OK);
    sqlite3_db_config(other, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
    REQUIRE(sqlite3_exec(other, "BEGIN; SELECT * FROM events", nullptr, nullptr, nullptr) == SQLITE_OK);
    const std::string payload(100UL * 1024, 'x');
    std::uint64_t seen = 0;
    for (int i = 0; i < 100; ++i) {
        REQUIRE(store.append(stream_id{"a-1"}, expected_version::any(), make_event("test.Large", payload)));
        for (const auto& batch : store.read_all({.after = {seen}})) seen = batch.back().position.value;
    }
    CHECK(seen == 101);
    CHECK(size_of_log(file) > 9 * mib);
    REQUIRE(sqlite3_exec(other, "COMMIT", nullptr, nullptr, nullptr) == SQLITE_OK);
    sqlite3_close(other);
    for (int i = 0; i < 3; ++i)
        REQUIRE(store.append(stream_id{"a-1"}, expected_version::any(), make_event("test.Large", payload)));
    CHECK(size_of_log(file) < 2 * mib);
}

TEST_CASE("a bound for the log that cannot be kept is refused") {
    const temp_dir directory;
    CHECK_THROWS_WITH_AS((void)stele::sqlite_store::open(directory / "events.db", options_with(mib - 1)),
                         "sqlite_options::log_bytes is 1048575; it must be 1048576 or more", stele::error);
    CHECK(!std::filesystem::exists(directory / "events.db"));
}

TEST_CASE("a log that one large append made large becomes small again") {
    const temp_dir directory;
    auto store = stele::sqlite_store::open(directory / "a.db", {.durability = stele::durability::normal});
    const auto log = [&] { return std::filesystem::file_size(directory / "a.db-wal"); };
    std::vector<stele::event_data> large;
    for (int i = 0; i < 60; ++i)
        large.push_back({.type = "test.Large", .payload = std::string(1 << 20, 'x'), .metadata = {}});
    REQUIRE(store.append(stream_id{"a-1"}, expected_version::any(), large));
    CHECK(log() > 60U << 20);
    for (int i = 0; i < 3; ++i) REQUIRE(store.append(stream_id{"a-2"}, expected_version::any(), make_events(1)));
    CHECK(log() <= 32U << 20);
}

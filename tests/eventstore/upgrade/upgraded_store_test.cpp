// A store that was upgraded by opening it is a store like any other.

#include "support/errors.hpp"
#include "support/upgrade/upgrades.hpp"

#include <stele/eventstore/sqlite/sqlite_store.hpp>

#include <doctest/doctest.h>

using namespace testing;
using stele::expected_version;
using stele::stream_id;
namespace fs = std::filesystem;

namespace {

void fill(old_store_writer& store) {
    fill_old_store(store, 30);
    store.ids_in_order = false;
    fill_old_store(store, 30);
}

}  // namespace

TEST_CASE("a store of format 1 is opened by any name that leads to it, and goes on") {
    const old_file old(fill);
    const auto before = contents(old.file);
    const auto name = old.directory / "link.db";
    fs::create_symlink("bank.db", name);
    {
        auto store = stele::sqlite_store::open(name);
        CHECK(store.verify().damage == std::vector<std::string>{});
        CHECK(stele::sqlite_store::open_read_only(name).head() == store.head());
        CHECK(contents(old.file) == before);

        // Streams, versions and ids are found, old and new ones.
        std::map<std::string, std::uint64_t> versions;
        std::vector<stele::owned_event> events;
        for (const auto& event : store.read_all().events()) {
            versions[std::string(event.stream)] = event.version.value;
            events.emplace_back(event);
        }
        REQUIRE(events.size() > 200);
        for (const auto& [stream, version] : versions) {
            CHECK(store.stream_version(stream_id{stream}).value == version);
            std::uint64_t last = 0;
            for (const auto& event : store.read_stream(stream_id{stream}).events()) {
                if (last > 0) CHECK(event.version.value == last + 1);
                last = event.version.value;
            }
            CHECK(last == version);
        }
        for (std::size_t i = 0; i < events.size(); i += 7) {
            const auto found = store.find_event(events[i].id);
            REQUIRE(found);
            CHECK(found->position == events[i].position);
        }
        const auto head = store.head();
        const std::vector<stele::event_data> more{{.type = "test.Happened", .payload = "new"}};
        const auto appended =
            store.append(stream_id{"order-1"}, expected_version::exactly({versions.at("order-1")}), more);
        REQUIRE(appended);
        CHECK(appended->position.value == head.value + 1);
        CHECK_FALSE(store.append(stream_id{"order-1"}, expected_version::no_stream(), more));
        CHECK(store.append(stream_id{"order-1"}, expected_version::any(), more)->repeated);
        // An id of the old file is not taken again.
        const std::vector<stele::event_data> again{{.id = events[5].id, .type = "test.Happened", .payload = "again"}};
        CHECK_FALSE(store.append(stream_id{"order-2"}, expected_version::any(), again));
    }
    CHECK(fs::is_symlink(name));
    auto store = stele::sqlite_store::open(name, {.upgrade = stele::upgrade::never});  // it is no old one any more
    CHECK(store.verify().damage == std::vector<std::string>{});
    CHECK(contents(old.kept()) == before);
    CHECK_FALSE(fs::exists(name.string() + ".format-1"));
}

TEST_CASE("the old file is removed by whoever may write the store") {
    const old_file old(fill);
    auto store = stele::sqlite_store::open(old.file);
    CHECK(fs::exists(old.kept()));
    CHECK(error_of([&] { stele::sqlite_store::open_read_only(old.file).remove_old_format(); }).kind ==
          stele::error_kind::read_only);
    CHECK(store.remove_old_format());
    CHECK_FALSE(fs::exists(old.kept()));
    CHECK_FALSE(store.remove_old_format());
}

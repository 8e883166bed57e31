// Rules of inline projections on removals: what is rejected is not removed.

#include "projections/inline_place.hpp"

#include <stele/testing/given_projection.hpp>

#include <optional>

using namespace testing;
using stele::error_kind;
using stele::inline_projections;
using stele::position;
using stele::version;

namespace {

const stele::stream_id protected_stream{"counter-1"};
const stele::stream_id other_stream{"counter-2"};

/// Counters with the label "keep" are not removed.
struct kept_counters {
    static constexpr auto name = "kept_counters";
    static constexpr int version = 1;
    static constexpr auto events = hana::tuple_t<CounterOpened, stele::stream_deleted, stele::stream_truncated>;

    static void create(stele::read_model& db) { db.execute("CREATE TABLE kept (stream TEXT PRIMARY KEY, label TEXT)"); }
    static void project(const CounterOpened& event, const stele::recorded_event& at, stele::read_model& db) {
        db.execute("INSERT OR REPLACE INTO kept VALUES (?1, ?2)", at.stream, event.label());
    }
    static std::optional<stele::rejection> project(const stele::stream_deleted& removed, const stele::recorded_event&,
                                                   stele::read_model& db) {
        return forget(removed.stream, db);
    }
    static std::optional<stele::rejection> project(const stele::stream_truncated& removed, const stele::recorded_event&,
                                                   stele::read_model& db) {
        return forget(removed.stream, db);
    }

private:
    static std::optional<stele::rejection> forget(const std::string& stream, stele::read_model& db) {
        db.execute("DELETE FROM kept WHERE stream = ?1 AND label <> 'keep'", stream);
        if (db.query_one<int>("SELECT 1 FROM kept WHERE stream = ?1", stream))
            return stele::reject("kept", "{} is kept", stream);
        return std::nullopt;
    }
};

std::vector<std::string> kept_in(stele::read_model db) {
    std::vector<std::string> all;
    for (auto [stream] : db.query<std::string>("SELECT stream FROM kept ORDER BY stream")) all.push_back(stream);
    return all;
}

}  // namespace

TEST_CASE("a removal that an inline projection rejects is refused, and nothing is removed") {
    using remove_function = std::function<void(stele::event_store&, const stele::stream_id&)>;
    const std::vector<remove_function> ways{
        [](auto& store, const auto& stream) { store.delete_stream(stream).value(); },
        [](auto& store, const auto& stream) { store.tombstone_stream(stream).value(); },
        [](auto& store, const auto& stream) { store.truncate_stream(stream, version{2}).value(); },
    };
    for (const auto& remove : ways) {
        const place here;
        auto store = here.open();
        inline_projections applied{store};
        applied.add<kept_counters>();
        put(store, 1, opened("keep"));
        put(store, 1, incremented(1));
        put(store, 2, opened("go"));
        put(store, 2, incremented(1));
        const auto head = store.head();

        try {
            remove(store, protected_stream);
            FAIL("removed");
        } catch (const stele::append_rejected& no) {
            CHECK(no.kind() == error_kind::rejected);
            CHECK(no.rejection() == stele::rejection{"kept", "counter-1 is kept"});
            CHECK(std::string{no.what()} ==
                  "nothing is removed: the inline projection kept_counters rejects the removal from stream counter-1: "
                  "counter-1 is kept (kept)");
        }
        CHECK(store.head() == head);
        CHECK(store.stream_version(protected_stream) == version{2});
        int events = 0;
        for (const auto& event : store.read_stream(protected_stream).events())
            events += event.version.value > 0 ? 1 : 0;
        CHECK(events == 2);
        CHECK(kept_in(here.read()) == std::vector<std::string>{"counter-1", "counter-2"});

        // The store and the projection go on.
        remove(store, other_stream);
        CHECK(kept_in(here.read()) == std::vector<std::string>{"counter-1"});
        put(store, 1, incremented(1));
        const auto status = applied.status().front();
        CHECK(status.checkpoint == store.head());
        CHECK(status.seen == status.applied + status.ignored);
    }
}

TEST_CASE("a scenario expects that a removal is rejected") {
    using stele::given_projection;
    const auto keep = stele::recorded(opened("keep"), {.stream = "counter-1"});
    given_projection<kept_counters>(keep).when(stele::stream_deleted{"counter-1"}).then_rejected("kept");
    given_projection<kept_counters>(keep).when(stele::stream_truncated{"counter-1", version{2}}).then_rejected("kept");
    given_projection<kept_counters>(stele::recorded(opened("go"), {.stream = "counter-2"}), keep)
        .when(stele::stream_deleted{"counter-2"})
        .then_rows("SELECT stream FROM kept", std::tuple{"counter-1"})
        .then_same_when_rebuilt();
}

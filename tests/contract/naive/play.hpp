#pragma once

#include "contract/naive/naive_store.hpp"
#include "support/temp_dir.hpp"

#include <stele/eventstore/sqlite/sqlite_store.hpp>
#include <stele/testing/manual_clock.hpp>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

/// One call of a store, or what happens to it. What exactly follows from the seed and from what was stored before.
struct operation {
    enum class kind : std::uint8_t {
        append,
        append_several,
        append_async,
        repeat,
        add_tags,
        step_tagging,
        truncate,
        erase,
        tombstone,
        read_stream,
        read_all,
        find_event,
        find_stream,
        list_streams,
        position_at,
        read_everything,
        reopen,
        back_up,
        restore,
        compact,
        verify,
    };
    kind what;
    std::uint32_t seed;
};

inline constexpr const char* stream_names[] = {"order-1", "order-2", "order-12", "account-1", "orders-1", "note"};
inline constexpr const char* event_type_names[] = {"test.A", "test.B", "test.C"};
inline constexpr const char* event_tag_names[] = {"course:c1", "course:c2", "student:s1", "student:s2"};

/// How the ids of events are.
enum class id_order : std::uint8_t { ascending, mostly_ascending, random };

/// A store, how to open it once more, and a naive one that has to give the same answers.
class play {
public:
    /// How the store is opened. `options` are without a clock; memory has no file.
    struct stage {
        std::string name;
        bool in_memory = false;
        stele::sqlite_options options = {};
    };

    play(stage where, id_order ids) : stage_(std::move(where)), ids_(ids) {}

    /// Throws std::runtime_error with both answers where they differ.
    void perform(const operation& next);
    /// Every read there is, by each open store and by one that is opened now.
    void check_everything();

    /// What was done until now, one line each.
    [[nodiscard]] const std::string& script() const { return script_; }

private:
    // Two stores on one file, as two processes would have, and one that only reads.
    enum class opener : std::uint8_t { first, second, reader };

    stele::event_store& store(opener which);
    stele::sqlite_store* sqlite(opener which) { return dynamic_cast<stele::sqlite_store*>(&store(which)); }
    opener any_reader();
    opener any_writer() { return random() % 3 == 0 ? opener::second : opener::first; }

    void append();
    void append_several();
    void append_async();
    void repeat();
    void add_tags();
    void step_tagging();
    void remove(stele::stream_removal kind);
    void read_stream();
    void read_all();
    void ask();
    void position_at();
    void list_streams();
    void back_up(bool goes_on_with_it);
    void verify();
    void read_everything(opener which);

    std::uint64_t random() { return random_(); }
    std::uint64_t near(std::uint64_t last);
    std::string any_stream();
    stele::expected_version any_expectation(const std::string& stream);
    stele::uuid next_id();
    std::vector<stele::event_data> any_events();
    stele::event_query any_query();
    std::string any_tag();
    std::vector<stele::append_condition> any_conditions(const std::vector<stele::stream_write>& writes);
    std::vector<stele::document_write> any_documents();
    void compare(const std::string& what, const std::string& got, const std::string& expected);
    void append(const std::string& what, const std::vector<std::vector<stele::event_data>>& events,
                std::vector<stele::stream_write> writes);

    stage stage_;
    id_order ids_;
    temp_dir directory_;
    std::string file_ = "events.db";
    stele::manual_clock clock_;
    std::map<opener, std::unique_ptr<stele::event_store>> open_;
    naive_store naive_;
    std::mt19937_64 random_;
    std::uint64_t last_id_ = 0;
    std::uint64_t backups_ = 0;
    std::string script_;
};

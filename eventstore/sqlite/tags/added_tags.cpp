#include "eventstore/sqlite/tags/added_tags.hpp"

#include "eventstore/engine/added_tags.hpp"
#include "eventstore/sqlite/index/runs.hpp"
#include "eventstore/sqlite/reader_sql.hpp"

#include <optional>
#include <string>

namespace stele::inline v0::detail {
namespace {

tagging_status tagging_at(statement& row) {
    return {.key = std::string(row.column_bytes(0)),
            .type = std::string(row.column_bytes(1)),
            .up_to = {row.column_number(2)},
            .goal = {row.column_number(3)},
            .since = {row.column_number(4)}};
}

}  // namespace

std::vector<tagging_status> read_tagging(statement& query) {
    std::vector<tagging_status> all;
    const reset_guard done(query);
    while (query.step()) all.push_back(tagging_at(query));
    return all;
}

added_tags::added_tags(connection& db, tag_ids& ids)
    : ids_(ids),
      names_(db),
      find_event_(db.prepare("SELECT tags FROM events WHERE position = ?1")),
      put_tags_(db.prepare("INSERT OR REPLACE INTO stele_added_tags (position, tags) VALUES (?1, ?2)")),
      put_position_(db.prepare("INSERT OR IGNORE INTO stele_added_positions (tag, position) VALUES (?1, ?2)")),
      find_step_(db.prepare("SELECT key, type, up_to, goal, since FROM stele_tagging WHERE key = ?1 AND type = ?2")),
      put_step_(db.prepare(
          "INSERT OR REPLACE INTO stele_tagging (key, type, up_to, goal, since) VALUES (?1, ?2, ?3, ?4, ?5)")) {}

bool added_tags::add(const tag_batch& batch, position head) {
    expect_within(batch, head);
    for (const auto& addition : batch.additions) add(addition);
    bool begins = false;
    for (const auto& step : batch.steps) begins = write(step, head.next()) || begins;
    return begins;
}

void added_tags::add(const tag_addition& addition) {
    const auto position = to_integer(addition.event.value);
    stored_tags before;
    {
        const reset_guard done(find_event_);
        find_event_.bind(1, position);
        if (!find_event_.step()) return;  // it was removed
        recorded_event event{.position = addition.event};
        names_.begin();
        names_.read(find_event_, 0, event);
        before = {tag_list{event.tags}, tag_list{event.added_tags}};
    }
    const auto after = with_added(before, addition);
    if (!after) return;
    const auto run = ids_.pack(after->added);
    put_tags_.bind(1, position);
    put_tags_.bind_blob(2, run);
    put_tags_.run();
    for (run_reader ids(run); const auto id = ids.next();) {
        put_position_.bind(1, *id);
        put_position_.bind(2, position);
        put_position_.run();
    }
}

bool added_tags::write(const tag_batch::step& step, position record) {
    std::optional<tagging_status> before;
    {
        const reset_guard done(find_step_);
        find_step_.bind_text(1, step.status.key);
        find_step_.bind_text(2, step.status.type);
        if (find_step_.step()) before = tagging_at(find_step_);
    }
    const auto next = after_step(before, step, record);
    put_step_.bind_text(1, next.key);
    put_step_.bind_text(2, next.type);
    put_step_.bind(3, to_integer(next.up_to.value));
    put_step_.bind(4, to_integer(next.goal.value));
    put_step_.bind(5, to_integer(next.since.value));
    put_step_.run();
    return next.since == record;
}

}  // namespace stele::inline v0::detail

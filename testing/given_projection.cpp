#include "testing/scenario_text.hpp"

#include <stele/codec/codec.hpp>
#include <stele/eventstore/detail/removals.hpp>
#include <stele/testing/given_projection.hpp>

#include <fmt/format.h>

#include <utility>

namespace stele::inline v0::detail {
namespace {

std::vector<text_block> blocks_of(const std::vector<std::string>& rows) {
    std::vector<text_block> blocks;
    for (const auto& row : rows) blocks.push_back({row});
    if (blocks.empty()) blocks.push_back({"no rows"});
    return blocks;
}

/// All rows of all tables, each as a line with the name of its table, in an order that does not depend on when they
/// were written.
std::vector<std::string> dump(read_model& db) {
    std::vector<std::string> tables;
    for (auto [name] : db.query<std::string>("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE "
                                             "'sqlite\\_%' ESCAPE '\\' ORDER BY name"))
        tables.push_back(name);
    std::vector<std::string> lines;
    for (const auto& table : tables) {
        std::string columns;
        for (auto [name] : db.query<std::string>("SELECT name FROM pragma_table_info(?1)", table))
            columns += fmt::format("{}quote(\"{}\")", columns.empty() ? "" : " || ' | ' || ", name);
        for (auto [row] : db.query<std::string>(fmt::format("SELECT {} FROM \"{}\" ORDER BY 1", columns, table)))
            lines.push_back(fmt::format("{}: {}", table, row));
    }
    return lines;
}

}  // namespace

std::string text_of(std::int64_t value) {
    return fmt::format("{}", value);
}
std::string text_of(double value) {
    return fmt::format("{}", value);
}
// As SQL writes it, so that a text cannot be taken for a number, for NULL or for two columns.
std::string text_of(const std::string& value) {
    std::string text = "'";
    for (const char c : value) text += c == '\'' ? "''" : std::string(1, c);
    return text + "'";
}

projection_scenario::projection_scenario(projection_definition projection)
    : projection_(std::move(projection)),
      decoder_(*projection_.events),
      db_(std::make_unique<read_model>(read_model::in_memory())) {
    projection_.create(*db_);
}

bool projection_scenario::project(const projected_event& input, read_model& db) {
    auto call = projection_.call(db);
    return decoder_.decode_if_known(as_recorded(input.event, input.as.stream, input.where, input.as.at), &call);
}

void projection_scenario::add(event_data event, recorded_as as) {
    version last{};
    for (const auto& input : inputs_)
        if (input.as.stream == as.stream) last = input.where.version;
    const stream_position where{{last.value + 1}, {inputs_.size() + 1}};
    inputs_.push_back({std::move(event), std::move(as), where});
    inputs_.back().is_passed_over = !project(inputs_.back(), *db_);
}

void projection_scenario::add(const google::protobuf::Message& event, recorded_as as) {
    auto data = encode(event, as.metadata);
    add(std::move(data), std::move(as));
}

template <class Removal>
void projection_scenario::add_removal(const Removal& removed, recorded_as as, version before) {
    as.stream = removals_stream;
    add(record_of(removed), std::move(as));
    // After it was not rejected.
    for (auto& input : inputs_)
        if (input.as.stream == removed.stream && input.where.version < before) input.is_removed = true;
}

void projection_scenario::add(const stream_deleted& removed, recorded_as as) {
    add_removal(removed, std::move(as), version::max());
}

void projection_scenario::add(const stream_truncated& removed, recorded_as as) {
    add_removal(removed, std::move(as), removed.before);
}

void projection_scenario::undo_last(const rejection& reason) {
    inputs_.pop_back();
    rejection_ = reason;
    *db_ = read_model::in_memory();
    build(*db_, true);
}

void projection_scenario::build(read_model& db, bool with_removed) {
    projection_.create(db);
    for (const auto& input : inputs_)
        if (with_removed || !input.is_removed) static_cast<void>(project(input, db));
}

// A line for each event that project() was not called with, and why.
std::string projection_scenario::passed_over() const {
    std::string lines;
    for (const auto& input : inputs_) {
        if (!input.is_passed_over) continue;
        const auto removed = removed_stream(as_recorded(input.event, input.as.stream, input.where, input.as.at));
        lines += fmt::format("\n  passed over: {} at position {}, {}", input.event.type, input.where.position.value,
                             projection_.events->find(input.event.type)
                                 ? fmt::format("since the stream {} is in none of the `categories`",
                                               removed.empty() ? input.as.stream : removed)
                                 : std::string{"which is not in `events`"});
    }
    return lines;
}

void projection_scenario::expect_rejection(std::string_view code) const {
    if (rejection_ && rejection_->code == code) return;
    throw scenario_failed(
        fmt::format("{}\n{}", title_,
                    side_by_side({{fmt::format("rejected: {}", code)}},
                                 {{rejection_ ? fmt::format("rejected: {} ({})", rejection_->code, rejection_->message)
                                              : std::string{"not rejected"}}})) +
        passed_over());
}

void projection_scenario::expect_no_rejection() const {
    if (rejection_)
        throw scenario_failed(fmt::format("{}\nthe event was rejected: {} ({}); to expect that, use then_rejected",
                                          title_, rejection_->code, rejection_->message));
}

void projection_scenario::set_title(const google::protobuf::Message& event, std::source_location where) {
    title_ = title_of(where, one_line(event));
}

void projection_scenario::set_title(const stream_deleted& removed, std::source_location where) {
    title_ =
        title_of(where, fmt::format("stream {} {}", removed.stream, removed.tombstoned ? "tombstoned" : "deleted"));
}

void projection_scenario::set_title(const stream_truncated& removed, std::source_location where) {
    title_ =
        title_of(where, fmt::format("stream {} truncated before version {}", removed.stream, removed.before.value));
}

void projection_scenario::expect_rows(std::string_view sql, const std::vector<std::string>& expected,
                                      const std::vector<std::string>& actual) const {
    if (expected == actual) return;
    throw scenario_failed(
        fmt::format("{}\n  {}\n{}", title_, sql, side_by_side(blocks_of(expected), blocks_of(actual))) + passed_over());
}

void projection_scenario::expect_no_rows(std::string_view sql) {
    const auto [count] = db_->query_one<std::int64_t>(fmt::format("SELECT count(*) FROM ({})", sql)).value();
    if (count > 0) expect_rows(sql, {}, {fmt::format("{} {}", count, count == 1 ? "row" : "rows")});
}

void projection_scenario::expect_same_when_rebuilt() {
    auto again = read_model::in_memory();
    build(again, false);
    expect_rows("(expected: as it was built first; actual: when it is built again)", dump(*db_), dump(again));
}

}  // namespace stele::inline v0::detail

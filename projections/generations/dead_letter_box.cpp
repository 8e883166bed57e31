#include "projections/generations/dead_letter_box.hpp"

#include <algorithm>
#include <chrono>

namespace stele::inline v0::detail {
namespace {

std::int64_t integer(position where) {
    return static_cast<std::int64_t>(std::min(where, position::max()).value);
}

std::int64_t now_us() {
    return std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now()).time_since_epoch().count();
}

}  // namespace

dead_letter_box::dead_letter_box(connection& db)
    : db_(db),
      add_(db.prepare("INSERT INTO stele_dead_letters (position, key, stream, type, attempts, error, failed_at) "
                      "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)")),
      remove_(db.prepare("DELETE FROM stele_dead_letters WHERE position = ?1")),
      note_failure_(db.prepare("UPDATE stele_dead_letters SET attempts = attempts + 1, error = ?2, failed_at = ?3 "
                               "WHERE position = ?1")),
      keys_query_(db.prepare("SELECT key, min(position) FROM stele_dead_letters GROUP BY key")),
      next_of_key_(db.prepare("SELECT min(position) FROM stele_dead_letters WHERE key = ?1 AND position > ?2")) {
    reload();
}

void dead_letter_box::add(const dead_letter& letter) {
    added_ = true;
    add_.bind(1, integer(letter.position));
    add_.bind_text(2, letter.key);
    add_.bind_text(3, letter.stream);
    add_.bind_text(4, letter.type);
    add_.bind(5, static_cast<std::int64_t>(letter.attempts));
    add_.bind_text(6, letter.error);
    add_.bind(7, now_us());
    add_.run();
    keys_.try_emplace(letter.key, queue{letter.position, transaction_});
}

bool dead_letter_box::holds_up(std::string_view key, const std::function<bool(position)>& is_stored) {
    const auto found = keys_.find(key);
    if (found == keys_.end()) return false;
    auto& [first, was_stored] = found->second;
    while (was_stored != transaction_ && !is_stored(first)) {
        const reset_guard done(next_of_key_);
        next_of_key_.bind_text(1, key);
        next_of_key_.bind(2, integer(first));
        next_of_key_.step();
        if (next_of_key_.column_is_null(0)) {
            keys_.erase(found);  // what was removed never comes back
            return false;
        }
        first = {next_of_key_.column_number(0)};
    }
    was_stored = transaction_;
    return true;
}

bool dead_letter_box::remove(position where) {
    remove_.bind(1, integer(where));
    remove_.run();
    return db_.changes() > 0;
}

void dead_letter_box::note_failure(position where, const std::string& error) {
    note_failure_.bind(1, integer(where));
    note_failure_.bind_text(2, error);
    note_failure_.bind(3, now_us());
    note_failure_.run();
}

std::vector<dead_letter> list_dead_letters(connection& db, position after, std::size_t limit) {
    std::vector<dead_letter> found;
    auto list = db.prepare(
        "SELECT position, stream, type, key, attempts, error, failed_at FROM stele_dead_letters "
        "WHERE position > ?1 ORDER BY position LIMIT ?2");
    list.bind(1, integer(after));
    list.bind(2, static_cast<std::int64_t>(limit));
    while (list.step())
        found.push_back({.position = {list.column_number(0)},
                         .stream = std::string{list.column_bytes(1)},
                         .type = std::string{list.column_bytes(2)},
                         .key = std::string{list.column_bytes(3)},
                         .attempts = list.column_number(4),
                         .error = std::string{list.column_bytes(5)},
                         .failed_at = timestamp{std::chrono::microseconds{list.column_int64(6)}}});
    return found;
}

void dead_letter_box::reload() {
    keys_.clear();
    const reset_guard done(keys_query_);
    while (keys_query_.step()) keys_.emplace(keys_query_.column_bytes(0), queue{{keys_query_.column_number(1)}, 0});
    keys_are_stale_ = false;
}

void dead_letter_box::begin() {
    if (keys_are_stale_) reload();
    ++transaction_;
    added_ = false;
}

}  // namespace stele::inline v0::detail

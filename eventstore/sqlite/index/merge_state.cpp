#include "eventstore/sqlite/index/merge_state.hpp"

#include <stele/eventstore/detail/number_key.hpp>
#include <stele/eventstore/detail/stored_number.hpp>

#include <utility>

namespace stele::inline v0::detail {

std::int64_t merge_state::after_number() const {
    return static_cast<std::int64_t>(number_in_key(after));
}

void merge_state::set_after(std::int64_t number) {
    after = number_key(static_cast<std::uint64_t>(number));
}

void merge_state::go_to(merge_phase next) {
    phase = next;
    after.clear();
}

merge_row::merge_row(connection& db)
    : db_(db),
      read_(db.prepare("SELECT merged_up_to, merging_up_to, phase, after, greatest_id FROM stele_merge WHERE id = 1")),
      write_(db.prepare("UPDATE stele_merge SET merged_up_to = ?1, merging_up_to = ?2, phase = ?3, after = ?4, "
                        "greatest_id = ?5 WHERE id = 1")) {}

merge_state merge_row::read() {
    const reset_guard done(read_);
    if (!read_.step()) throw db_.damage("it lacks the row that says how far its indices reach");
    const auto phase = read_.column_number(2);
    const auto greatest = uuid::from_bytes(read_.column_bytes(4));
    merge_state state{.merged = static_cast<std::int64_t>(read_.column_number(0)),
                      .merging = static_cast<std::int64_t>(read_.column_number(1)),
                      .phase = static_cast<merge_phase>(phase),
                      .after = std::string(read_.column_bytes(3)),
                      .greatest_id = greatest.value_or(uuid{})};
    const bool has_key =
        state.after.empty() || state.after.size() == number_key_bytes || state.after.size() == sizeof(uuid::bytes);
    if (!greatest || !has_key || state.merging < state.merged ||
        phase > std::to_underlying(merge_phase::ids_out_of_order))
        throw db_.damage("the row that says how far its indices reach is damaged");
    return state;
}

void merge_row::write(const merge_state& state) {
    write_.bind(1, state.merged);
    write_.bind(2, state.merging);
    write_.bind(3, static_cast<std::int64_t>(state.phase));
    write_.bind_blob(4, state.after);
    write_.bind_blob(5, state.greatest_id.as_bytes());
    write_.run();
}

}  // namespace stele::inline v0::detail

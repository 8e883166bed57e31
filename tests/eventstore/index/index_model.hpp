#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

/// A model of the protocol by which the index of streams is kept (docs/event-store.md, "How the index works"): the file
/// and what each process remembers, as values, and the steps that change them. Numbers are small, so that every order
/// of the steps can be tried (index_search.hpp).
namespace index_model {

inline constexpr std::size_t most_streams = 3;
inline constexpr std::uint8_t nobody = 0xFF;
using stream_number = std::uint8_t;
using number = std::uint8_t;  ///< A position or a version; 0 for none.

/// The rules of the protocol. Each is kept, or broken to show that the model would find it.
struct rules {
    bool publishes_after_commit = true;             ///< Else a writer adds an event to the tail before it commits.
    bool present_entries_are_skipped = true;        ///< Else a writer publishes what a reader has filled in before.
    bool writer_catches_up = true;                  ///< Else it does not look at what other processes appended.
    bool watermark_with_last_slice = true;          ///< Else the first slice of a merge sets W.
    bool target_is_frozen = true;                   ///< Else the last slice sets W to the head as it is then.
    bool rolled_back_slices_are_undone = true;      ///< Else a slice counts as done before it is committed.
    bool merges_of_others_are_seen = true;          ///< Else a writer goes on where it was itself.
    bool gaps_begin_anew = true;                    ///< Else a run goes on behind versions that were removed unseen.
    bool tail_kept_until_commit = true;             ///< Else the last slice trims the tail before W is committed.
    bool trim_moves_begin = true;                   ///< Else entries go, and `begins_after` stays.
    bool looks_keep_entries = true;                 ///< Else the tail is trimmed while a reader looks at it.
    bool old_snapshots_are_renewed = true;          ///< Else a reader with W < begins_after goes on.
    bool gaps_renew_snapshots = true;               ///< Else a tail without a removed event serves who should see it.
    bool readers_fill_tail = true;                  ///< Else they take the tail as it is.
    bool runs_stop_at_watermark = true;             ///< Else readers use what a merge under way has written, too.
    bool tail_starts_at_watermark = true;           ///< Else they use entries that the runs have, too.
    bool readers_use_watermark_of_snapshot = true;  ///< Else they skip entries up to the newest W.
    bool readers_stop_at_head = true;               ///< Else they use entries beyond the head of their snapshot.
};

/// How much happens at most.
struct bounds {
    number streams = 2;
    number events = 3;
    number removals = 1;
    number crashes = 1;
    number roll_backs = 1;
    std::vector<std::uint8_t> readers = {0, 0, 1};  ///< The process of each reader.
};

struct event {
    stream_number stream = 0;
    number version = 0;
    bool removed = false;
    friend auto operator<=>(const event&, const event&) = default;
};

/// Where a merge is: it takes the events of (W, target], stream by stream; none is under way if that is W or less.
struct merge {
    number target = 0;
    stream_number next = 0;
    friend auto operator<=>(const merge&, const merge&) = default;
};

/// What is committed: the event at position p is log[p - 1]. A removal appends a record to the last stream.
struct file {
    std::vector<event> log;
    std::array<number, most_streams> removed_up_to{};
    number watermark = 0;  ///< W
    merge merging;
    std::array<std::map<number, std::vector<number>>, most_streams> runs;  ///< First version -> positions.
    friend auto operator<=>(const file&, const file&) = default;

    [[nodiscard]] number head() const { return static_cast<number>(log.size()); }
};

/// A file that has occurred, with its number from 1.
using known_file = std::map<file, std::uint32_t>::value_type;

struct entry {
    number position = 0;
    stream_number stream = 0;
    number version = 0;
};

/// The events of (begins_after, ends_at], by position. Those that were removed before they were read are not there, so
/// it is whole only for snapshots whose head is `whole_from` or more.
struct tail {
    number begins_after = 0;
    number ends_at = 0;
    number whole_from = 0;
    std::vector<entry> entries = {};
};

/// Where a writer is: nowhere, in a transaction that others do not see, or behind its commit.
enum class phase : std::uint8_t { idle, in_transaction, committed };

/// The memory of a process.
struct process {
    bool runs = true;
    bool others_wrote = false;  ///< Since its last transaction.
    phase at = phase::idle;
    tail recent;
    std::optional<merge> remembered;          ///< Where it believes the merge is, if a rule is broken.
    number trims_to = 0;                      ///< Up to where the tail goes then; 0 for nowhere.
    entry appended;                           ///< What goes into the tail then; nothing if its position is 0.
    const known_file* transaction = nullptr;  ///< What the file is then.
};

struct state {
    const known_file* committed = nullptr;
    std::array<process, 2> processes;
    std::array<const known_file*, 3> snapshots{};  ///< Of each reader that has begun.
    std::array<bool, 3> looking{};                 ///< Whether it looks at the tail of its process.
    number removals = 0, crashes = 0, roll_backs = 0;

    /// All of it as bytes; equal states of one model have equal ones.
    [[nodiscard]] std::string key() const;
};

/// A state in which the protocol has failed; says which invariant.
class violation : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

inline void expect(bool holds, const char* invariant) {
    if (!holds) throw violation(invariant);
}

/// What can happen next. What a writer does between BEGIN and COMMIT is one step, because nobody else sees a part of
/// it.
struct step {
    enum class kind : std::uint8_t { write, commit, roll_back, publish, take_snapshot, look, read, crash, open };
    enum class change : std::uint8_t { none, append, remove };

    kind what = kind::write;
    std::uint8_t who = 0;           ///< A process, or a reader.
    change changes = change::none;  ///< Of a write.
    stream_number stream = 0;       ///< That it changes.
    number up_to = 0;               ///< The last version that it removes.
    bool merges = false;            ///< Whether it has a slice of a merge.
};

std::string to_string(const step& one);

class model {
public:
    model(const rules& kept, const bounds& limits) : kept_(kept), limits_(limits) {}

    /// An empty file, open in both processes.
    state beginning();
    [[nodiscard]] std::vector<step> possible_steps(const state& now) const;
    /// Throws violation.
    state perform(const state& before, const step& one);

private:
    const known_file* know(file in);
    void simplify(state& all) const;
    void write(state& all, process& self, const step& one);
    void append(process& self, file& in, stream_number stream) const;
    void remove(process& self, file& in, const step& one) const;
    void merge_slice(process& self, file& in) const;
    void commit(state& all, process& self) const;
    void publish(state& all, process& self) const;
    void roll_back(state& all, process& self) const;
    void crash(state& all, std::size_t which) const;
    void look(state& all, std::size_t reader) const;
    void read(state& all, std::size_t reader) const;

    [[nodiscard]] number oldest_look(const state& all, const process& self) const;
    void fill(tail& recent, const file& from, number oldest_look) const;
    void trim(tail& recent, number up_to) const;
    void check_file(const file& before, const file& after) const;
    void check_reader(const file& snapshot, const tail& recent, number newest_watermark) const;
    void add_writes(std::vector<step>& steps, const state& now, std::uint8_t who) const;

    rules kept_;
    bounds limits_;
    std::map<file, std::uint32_t> files_;
};

}  // namespace index_model

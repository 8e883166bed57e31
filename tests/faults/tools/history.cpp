#include "faults/tools/history.hpp"

#include <fmt/format.h>
#include <sqlite3.h>

#include <algorithm>
#include <future>
#include <set>
#include <utility>

bool is_write(step::kind kind) {
    switch (kind) {
        case step::kind::append:
        case step::kind::burst:
        case step::kind::repeat:
        case step::kind::truncate:
        case step::kind::erase:
        case step::kind::tombstone:
        case step::kind::compact: return true;
        default: return false;
    }
}

bool attempt::is_removal() const {
    return what == step::kind::truncate || what == step::kind::erase || what == step::kind::tombstone;
}

namespace {

std::string to_string(const attempt& a) {
    return a.is_removal() ? fmt::format("removal from {}", a.writes.front().stream)
                          : fmt::format("{} ({})", to_string(a.key), a.writes.front().stream);
}

// The events of one attempt, and the writes that refer to them.
struct made_writes {
    std::vector<stele::event_data> events;
    std::vector<stele::stream_write> writes;
};

made_writes make_writes(const attempt& a) {
    made_writes made;
    std::vector<std::uint8_t> size_classes;
    for (const auto& write : a.writes)
        size_classes.insert(size_classes.end(), write.size_classes.begin(), write.size_classes.end());
    made.events = make_labelled(a.key, size_classes);
    std::size_t used = 0;
    for (const auto& write : a.writes) {
        made.writes.push_back({stele::stream_id{write.stream}, write.expected,
                               std::span(made.events).subspan(used, write.size_classes.size())});
        used += write.size_classes.size();
    }
    return made;
}

template <class Result>
std::optional<std::vector<stele::append_result>> to_results(const Result& result) {
    if (!result) return std::nullopt;
    if constexpr (std::is_same_v<typename Result::value_type, stele::append_result>)
        return std::vector{*result};
    else
        return *result;
}

}  // namespace

std::optional<std::vector<stele::append_result>> make(stele::event_store& store, const attempt& again) {
    const auto& first = again.writes.front();
    const stele::stream_id stream{first.stream};
    switch (again.what) {
        case step::kind::truncate: return to_results(store.truncate_stream(stream, again.before, first.expected));
        case step::kind::erase: return to_results(store.delete_stream(stream, first.expected));
        case step::kind::tombstone: return to_results(store.tombstone_stream(stream, first.expected));
        default: break;
    }
    const auto made = make_writes(again);
    if (made.writes.size() == 1) return to_results(store.append(stream, first.expected, made.events));
    return to_results(store.append(made.writes));
}

history::history(std::filesystem::path file, stele::sqlite_options options, std::uint32_t round,
                 std::function<std::size_t()> clock)
    : file_(std::move(file)), options_(std::move(options)), round_(round), clock_(std::move(clock)) {}

void history::perform(const step& next) {
    switch (next.what) {
        case step::kind::open:
            store_ = std::make_unique<stele::sqlite_store>(stele::sqlite_store::open(file_, options_));
            break;
        case step::kind::close:
            store_.reset();
            closings_.push_back(clock_());
            break;
        case step::kind::append: append(next); break;
        case step::kind::burst: burst(next); break;
        case step::kind::repeat: repeat(next); break;
        case step::kind::truncate:
        case step::kind::erase:
        case step::kind::tombstone: remove(next); break;
        case step::kind::compact: store_->compact(); break;
        case step::kind::checkpoint: {
            sqlite3* other = nullptr;
            if (sqlite3_open_v2(file_.c_str(), &other, SQLITE_OPEN_READWRITE, options_.connection.vfs.c_str()) ==
                SQLITE_OK)
                sqlite3_wal_checkpoint_v2(other, nullptr, SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr);
            sqlite3_close(other);
            break;
        }
        case step::kind::read: check_content(read_whole(*store_), attempts_, {}); break;
    }
}

attempt& history::begin(step::kind what, std::vector<planned_write> writes) {
    const append_key key{round_, 0, static_cast<std::uint32_t>(attempts_.size())};
    return attempts_.emplace_back(what, key, std::move(writes), stele::version{}, clock_());
}

namespace {

template <class Results>
void answer(attempt& asked, const Results& results, std::size_t now) {
    asked.ended = now;
    asked.answered = results ? attempt::answer::accepted : attempt::answer::refused;
    if (results) asked.results = *results;
}

}  // namespace

void history::append(const step& next) {
    auto& asked = begin(next.what, next.writes);
    const auto results = make(*store_, asked);
    answer(asked, results, clock_());
}

void history::burst(const step& next) {
    using outcome = std::expected<stele::append_result, stele::conflict>;
    const auto first = attempts_.size();
    std::vector<std::future<outcome>> under_way;
    for (const auto& write : next.writes) {
        auto made = make_writes(begin(step::kind::append, {write}));
        under_way.push_back(store_->append_async(made.writes.front().stream, write.expected, std::move(made.events)));
    }
    std::exception_ptr fault;
    for (std::size_t i = 0; i < under_way.size(); ++i) try {
            const auto results = to_results(under_way[i].get());
            answer(attempts_[first + i], results, clock_());
        } catch (const stele::error&) {
            if (!fault) fault = std::current_exception();
        }
    if (fault) std::rethrow_exception(fault);
}

void history::repeat(const step& next) {
    auto& asked = attempts_.at(next.number);
    const auto results = make(*store_, asked);
    if (asked.answered == attempt::answer::none) answer(asked, results, clock_());
    if (asked.answered == attempt::answer::refused) return;
    if (!results) throw broken(fmt::format("{} was accepted, and refused when repeated", to_string(asked)));
    for (std::size_t i = 0; i < results->size(); ++i)
        if ((*results)[i].version != asked.results[i].version || (*results)[i].position != asked.results[i].position)
            throw broken(fmt::format("{} was repeated with another result", to_string(asked)));
}

void history::remove(const step& next) {
    auto& asked = begin(next.what, next.writes);
    asked.before = next.what == step::kind::truncate ? next.before : stele::version::max();
    const auto results = make(*store_, asked);
    answer(asked, results, clock_());
}

namespace {

// What is known about an append because of the removals after it.
struct removed {
    bool surely = false;
    bool perhaps = false;
};

// What check_content() finds out about each attempt.
class content_check {
public:
    content_check(const store_content& content, const std::vector<attempt>& attempts, const interruption& when)
        : content_(content), attempts_(attempts), when_(when) {}

    void run() {
        for (std::size_t i = 0; i < attempts_.size(); ++i)
            attempts_[i].is_removal() ? check_removal(attempts_[i]) : check_append(i);
        const auto records = std::ranges::count_if(content_.others, [](const auto& other) {
            return stele::category_of(other.second) == stele::system_category;
        });
        if (std::cmp_greater(removed_streams_.size(), records))
            throw broken(fmt::format("{} streams have lost events, but {} removals are on record",
                                     removed_streams_.size(), records));
        for (const auto& missing : content_.missing)
            if (!explained_.contains(missing) && !unexplainable_)
                throw broken(fmt::format("position {} is missing", missing.value));
    }

private:
    [[nodiscard]] bool durable(const attempt& a) const {
        return a.answered == attempt::answer::accepted && a.ended <= when_.durable_until;
    }
    [[nodiscard]] bool begun(const attempt& a) const {
        return a.answered != attempt::answer::refused && a.began < when_.at;
    }
    // Everything that was accepted without an interruption is there up to some position.
    [[nodiscard]] bool before_head(const attempt& a) const { return a.position() <= content_.head; }

    void check_removal(const attempt& a) const {
        const bool known = a.answered == attempt::answer::accepted;
        const bool there = known && content_.others.contains(a.position());
        if (durable(a) && !there) throw broken(fmt::format("the record of the {} is lost", to_string(a)));
        if (known && there != before_head(a))
            throw broken(fmt::format("the record of the {} is not in order", to_string(a)));
    }

    [[nodiscard]] removed removal_of(std::size_t index) const {
        const auto& stream = attempts_[index].writes.front().stream;
        removed result;
        for (std::size_t i = index + 1; i < attempts_.size(); ++i) {
            const auto& a = attempts_[i];
            if (!a.is_removal() || a.writes.front().stream != stream || !begun(a)) continue;
            const bool known = a.answered == attempt::answer::accepted;
            const auto& results = attempts_[index].results;
            if (!results.empty() && results.back().version >= a.before) continue;
            if (known ? before_head(a) : true) result.perhaps = true;
            if (known && before_head(a)) result.surely = true;
        }
        return result;
    }

    void check_append(std::size_t index) {
        const auto& a = attempts_[index];
        const auto [surely, perhaps] = removal_of(index);
        const bool known = a.answered == attempt::answer::accepted;
        const auto found = content_.appends.find(a.key);
        const bool there = found != content_.appends.end();
        if (!there && !perhaps && durable(a)) throw broken(fmt::format("{} was accepted and is lost", to_string(a)));
        if (!there && !perhaps && known && before_head(a))
            throw broken(fmt::format("{} is missing, but not what came after it", to_string(a)));
        if (there && !begun(a)) throw broken(fmt::format("{} is there, but was refused or not begun", to_string(a)));
        if (there && surely) throw broken(fmt::format("{} is there, but was removed", to_string(a)));
        if (there && known &&
            (found->second.last_position != a.position() || found->second.last_version != a.results.back().version ||
             found->second.stream != a.writes.back().stream))
            throw broken(fmt::format("{} is in another place than was answered", to_string(a)));
        if (!there && perhaps) explain(a);
    }

    // A removed append leaves its positions without events.
    void explain(const attempt& a) {
        if (a.answered == attempt::answer::accepted && before_head(a)) removed_streams_.insert(a.writes.front().stream);
        if (a.results.empty()) unexplainable_ = true;
        for (std::size_t i = 0; i < a.results.size(); ++i)
            for (std::size_t k = 0; k < a.writes[i].size_classes.size(); ++k)
                explained_.insert({a.results[i].position.value - k});
    }

    const store_content& content_;
    const std::vector<attempt>& attempts_;
    const interruption& when_;
    std::set<std::string> removed_streams_;  // that miss accepted events
    std::set<stele::position> explained_;
    bool unexplainable_ = false;  // an unanswered append was removed: its positions are unknown
};

}  // namespace

void check_content(const store_content& content, const std::vector<attempt>& attempts, const interruption& when) {
    content_check(content, attempts, when).run();
}

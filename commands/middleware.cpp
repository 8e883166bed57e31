#include <stele/commands/middleware.hpp>
#include <stele/eventstore/error.hpp>
#include <stele/eventstore/uuid.hpp>

#include <fmt/format.h>
#include <google/protobuf/message.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <exception>
#include <random>
#include <thread>

namespace stele::inline v0 {
namespace {

using clock = std::chrono::steady_clock;

std::string line_of(const sent_command& command, const command_result& result) {
    if (!result) return result.error().message();
    if (command.is_in_transaction && result->position == position{})
        return fmt::format("{} for {}: version {}, in a transaction", command.type(), command.stream.str(),
                           result->version.value);
    return fmt::format("{} for {}: version {}, position {}{}", command.type(), command.stream.str(),
                       result->version.value, result->position.value, result->repeated ? ", repeated" : "");
}

/// The text without characters that would break a line or a terminal: they become escapes as in C++.
std::string on_one_line(std::string_view text) {
    std::string line;
    for (const char c : text) {
        switch (c) {
            case '\n': line += "\\n"; break;
            case '\r': line += "\\r"; break;
            case '\t': line += "\\t"; break;
            default:
                if (static_cast<unsigned char>(c) < ' ' || c == '\x7F')
                    line += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
                else
                    line += c;
        }
    }
    return line;
}

/// Throws invalid_argument for a function that is empty.
template <class Function>
Function given(Function function, std::string_view where) {
    if (!function) detail::refuse_empty(where);
    return function;
}

// std::random_device may throw.
std::uint32_t random_seed() {
    const auto id = uuid::v7();
    std::uint32_t seed = 0;
    std::memcpy(&seed, id.bytes.data() + id.bytes.size() - sizeof seed, sizeof seed);
    return seed;
}

double random_share() {
    thread_local std::minstd_rand engine{random_seed()};
    return std::uniform_real_distribution{0.0, 1.0}(engine);
}

/// Whether sending the command again may help.
/// Whether it may be another result next time. A version that the sender expects (an ETag) does not come back.
bool is_transient(const command_result& result, const sent_command& command) {
    const auto* other = result ? nullptr : result.error().conflict();
    return other != nullptr && other->reason != conflict_reason::tombstoned &&
           (command.options.expected == expected_version::any() || other->expected != command.options.expected);
}

/// The command has its result, whatever becomes of the report about it.
template <class Report>
void without_effect(const Report& report) noexcept {
    try {
        report();
    } catch (...) {
        return;
    }
}

}  // namespace

const std::string& sent_command::type() const {
    return message.GetDescriptor()->full_name();
}

command_result next_step::operator()(sent_command& command) const {
    if (rest_.empty()) return last_(context_, command);
    return rest_.front()(command, next_step{rest_.subspan(1), last_, context_});
}

command_result reject_sent(const sent_command& command, rejection reason) {
    return std::unexpected(command_error{command.type(), command.stream, std::move(reason), 0});
}

middleware log_commands(std::function<void(std::string_view line)> sink) {
    return [sink = given(std::move(sink), "log_commands")](sent_command& command, const next_step& next) {
        const auto begin = clock::now();
        const auto report = [&](const auto& outcome) {
            without_effect([&] {
                const std::chrono::duration<double, std::milli> taken = clock::now() - begin;
                sink(fmt::format("{} ({:.1f} ms)", on_one_line(outcome()), taken.count()));
            });
        };
        const auto report_failure = [&](std::string_view why) {
            report([&] { return fmt::format("{} for {} failed: {}", command.type(), command.stream.str(), why); });
        };
        try {
            auto result = next(command);
            report([&] { return line_of(command, result); });
            return result;
        } catch (const std::exception& fault) {
            report_failure(fault.what());
            throw;
        } catch (...) {
            report_failure("an exception that is not a std::exception");
            throw;
        }
    };
}

middleware time_commands(std::function<void(const sent_command&, std::chrono::nanoseconds)> record) {
    return [record = given(std::move(record), "time_commands")](sent_command& command, const next_step& next) {
        const auto begin = clock::now();
        const auto report = [&] { without_effect([&] { record(command, clock::now() - begin); }); };
        try {
            auto result = next(command);
            report();
            return result;
        } catch (...) {
            report();
            throw;
        }
    };
}

middleware authorize(std::function<bool(const sent_command&)> allowed) {
    return [allowed = given(std::move(allowed), "authorize")](sent_command& command, const next_step& next) {
        if (allowed(command)) return next(command);
        return reject_sent(command, {.code = "not_authorized",
                                     .message = command.metadata.actor.empty()
                                                    ? "no actor is given"
                                                    : fmt::format("\"{}\" is not allowed to", command.metadata.actor)});
    };
}

middleware retry_on_conflict(retry_options options) {
    if (options.attempts == 0)
        throw error(error_kind::invalid_argument,
                    "retry_options::attempts is 0: a command must be sent at least once.");
    if (!options.sleep) options.sleep = [](std::chrono::nanoseconds wait) { std::this_thread::sleep_for(wait); };
    if (!options.random) options.random = random_share;
    // "Full jitter": M. Brooker, Exponential Backoff and Jitter, AWS Architecture Blog, 2015. Senders that
    // collided once would collide again if they waited equally long.
    return [options = std::move(options)](sent_command& command, const next_step& next) {
        constexpr std::chrono::nanoseconds none{0};
        const auto longest = std::max<std::chrono::nanoseconds>(options.longest_wait, none);
        auto bound = std::clamp<std::chrono::nanoseconds>(options.first_wait, none, longest);
        for (unsigned attempt = 1;; ++attempt) {
            auto result = next(command);
            if (attempt >= options.attempts || !is_transient(result, command)) return result;
            options.sleep(detail::saturating_cast<std::chrono::nanoseconds>(bound * options.random()));
            bound = std::min(detail::saturating_multiply(bound, 2), longest);
        }
    };
}

void detail::refuse_empty(std::string_view where) {
    throw error(error_kind::invalid_argument, fmt::format("{}: the function is empty; pass one.", where));
}

command_result detail::validation::operator()(sent_command& command, const next_step& next) const {
    if (command.message.GetDescriptor() != type) return next(command);
    if (auto reason = check(command.message)) return reject_sent(command, *std::move(reason));
    return next(command);
}

}  // namespace stele::inline v0

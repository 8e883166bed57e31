#pragma once

#include <stele/eventstore/error.hpp>

#include <fmt/format.h>

#include <string_view>
#include <system_error>
#include <thread>
#include <utility>

namespace stele::inline v0::detail {

/// Returns a thread (std::jthread or std::thread) that runs `function`. Throws stele::error (busy) if the system has no
/// thread to give; `purpose` says what it is for: "a subscription".
template <class Thread = std::jthread, class Function>
Thread start_thread(std::string_view purpose, Function function) {
    try {
        return Thread{std::move(function)};
    } catch (const std::system_error& failure) {
        throw error{
            error_kind::busy,
            fmt::format("no thread can be started for {}: {}; nothing was begun; end other threads or raise the "
                        "limit of threads, then try again",
                        purpose, failure.code().message())};
    }
}

}  // namespace stele::inline v0::detail

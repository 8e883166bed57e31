#pragma once

#include <stele/commands/middleware.hpp>

#include <string_view>

namespace bank {

/// Whoever asks for something says who they are: "officer:jana", the role before the name. Believing them is for
/// whoever lets them in.
bool is_officer(std::string_view actor);

/// Only an officer may freeze an account, or unfreeze one. For everything else anybody may ask.
stele::middleware authorize_officers();

}  // namespace bank

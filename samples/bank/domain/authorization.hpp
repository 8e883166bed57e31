#pragma once

#include <stele/commands/middleware.hpp>

#include <string_view>

namespace bank {

/// Whether the actor of a command is an officer: the role comes before the name, as in "officer:jana". The program that
/// sends the command has authenticated the actor.
bool is_officer(std::string_view actor);

/// Rejects a freeze or an unfreeze that is not requested by an officer. Everybody may send all other commands.
stele::middleware authorize_officers();

}  // namespace bank

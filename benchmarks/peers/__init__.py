"""Other authorization servers, to be measured in the same run: none that this machine cannot build is asked for."""

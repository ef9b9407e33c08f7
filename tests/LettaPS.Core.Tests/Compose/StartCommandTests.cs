using LettaPS.Core.Compose.Model;

namespace LettaPS.Core.Tests.Compose;

public class StartCommandTests
{
    [Theory]
    [InlineData("exec ./letta/server/startup.sh", true)]
    [InlineData("#!/bin/sh\nset -e\n/app/letta/server/startup.sh\n", true)]
    [InlineData("alembic upgrade head\nexec letta server", true)]
    [InlineData("cd /app && alembic -c alembic.ini upgrade head && letta server", true)]
    [InlineData("if ! alembic upgrade head; then exit 1; fi", true)]
    [InlineData("if [ -f x ]; then\n  exec bash ./letta/server/startup.sh\nfi\n", true)]
    [InlineData("LETTA_PG_URI=x uv run alembic upgrade head", true)]
    [InlineData("python -m alembic upgrade head", true)]
    [InlineData("alembic \\\n  upgrade head", true)]
    [InlineData("# alembic upgrade head\nexec letta server", false)]
    [InlineData("# The image's startup.sh would run alembic; this does not.\nexec letta server", false)]
    [InlineData("echo 'run alembic upgrade head by hand'\nexec letta server", false)]
    [InlineData("echo \"./letta/server/startup.sh\"", false)]
    [InlineData("cat <<EOF\nalembic upgrade head\nEOF\nletta server", false)]
    [InlineData("exec letta server\nalembic upgrade head", false)]
    [InlineData("exit 0\nalembic upgrade head", false)]
    [InlineData("false && alembic upgrade head", false)]
    [InlineData("chmod +x ./letta/server/startup.sh\nletta server", false)]
    [InlineData("alembic stamp head\nletta server", false)]
    [InlineData("letta server # then alembic upgrade head", false)]
    public void A_script_migrates_only_if_it_runs_the_migrations(string script, bool migrates) =>
        Assert.Equal(migrates, StartCommand.Read(["bash", "/start.sh"], path => path == "/start.sh" ? script : null).Migrates);

    [Fact]
    public void A_script_that_cannot_be_read_is_named() =>
        Assert.Equal(["/app/start_workers.sh"], StartCommand.Read(["/app/start_workers.sh"], _ => null).Unread);
}

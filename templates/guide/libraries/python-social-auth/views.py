import requests
from django.contrib.auth.decorators import login_required
from django.http import JsonResponse
from django.views.decorators.http import require_POST
from memories import ISSUER
from social_django.utils import load_strategy


@login_required
def me(request):
    connection = request.user.social_auth.get(provider="memories")
    # A token that has run out is renewed, and the new refresh token stored.
    token = connection.get_access_token(load_strategy(request))
    answer = requests.get(f"{ISSUER}/api/me/", headers={"Authorization": f"Bearer {token}"}, timeout=10)
    return JsonResponse(answer.json())


@require_POST
@login_required
def disconnect(request):
    connection = request.user.social_auth.get(provider="memories")
    backend = connection.get_backend_instance(load_strategy(request))
    # The refresh token takes the access token with it.
    backend.revoke_token(connection.extra_data["refresh_token"], connection.uid)
    connection.delete()
    return JsonResponse({"disconnected": True})
